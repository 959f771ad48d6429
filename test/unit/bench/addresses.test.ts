import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clusterIp, firstEndpoint, movedEndpoint } from '../../bench/addresses.ts';
import { clusterService, clusterSlice } from '../../support/fakeApiServerCluster.ts';

for (const index of [0, 254, 255, 29_999]) {
  test(`Service number ${String(index)} is where the fake cluster has it`, () => {
    const service = JSON.stringify(clusterService(index));
    assert.ok(service.includes(`"clusterIP":"${clusterIp(index)}"`));
    const slice = JSON.stringify(clusterSlice(index, 3));
    assert.ok(slice.includes(`"endpoints":[{"addresses":["${firstEndpoint(index, 3)}"]`));
  });
}

test('endpoints move to addresses that no Service has at the start', () => {
  assert.equal(movedEndpoint(0), '10.160.0.1');
  assert.equal(movedEndpoint(65_535), '10.161.0.0');
});
