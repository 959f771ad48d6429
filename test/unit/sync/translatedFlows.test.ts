import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UdpFlow } from '../../../src/kernel/conntrack.ts';
import { anyFlowTest, translatedFlowTest } from '../../../src/sync/staleFlows.ts';
import { destination, endpoint, servicePort, snapshotOf } from '../../support/servicePorts.ts';

const FLOW: UdpFlow = {
  family: 4,
  originalDestination: '10.96.0.10',
  originalPort: 53,
  replySource: '10.244.1.2',
  replySourcePort: 5353,
};
const RELAYED: UdpFlow = { ...FLOW, replySource: '10.96.0.10', replySourcePort: 53 };

const DNS = servicePort({
  protocol: 'UDP',
  destinations: [destination('ClusterIP', '10.96.0.10', { port: 53 })],
  servingEndpoints: [endpoint('10.244.1.2', 5353)],
});

test('where flows are relayed, what another mode translated is stale wherever it goes', () => {
  const isStale = translatedFlowTest(snapshotOf([DNS]), []);
  assert.equal(isStale?.(FLOW), true);
  assert.equal(isStale({ ...RELAYED, replySourcePort: 54 }), true);
  assert.equal(isStale(RELAYED), false);
});

test('but not a flow to some other address', () => {
  const isStale = translatedFlowTest(snapshotOf([DNS]), []);
  assert.equal(isStale?.({ ...FLOW, originalDestination: '10.96.0.11' }), false);
});

test('nothing is to be listed where no Service has UDP', () => {
  assert.equal(translatedFlowTest(snapshotOf([servicePort()]), []), undefined);
});

test('where packets take another way, every flow to a Service is stale, and no other', () => {
  const isStale = anyFlowTest(snapshotOf([DNS]), []);
  assert.equal(isStale?.(FLOW), true);
  assert.equal(isStale(RELAYED), true);
  assert.equal(isStale({ ...FLOW, originalDestination: '10.96.0.11' }), false);
});
