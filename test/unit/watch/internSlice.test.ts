import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSlice } from '../../../src/model/parseSlice.ts';
import type { Slice } from '../../../src/model/types.ts';
import { sliceInterner } from '../../../src/watch/internSlice.ts';

function slice(hints: object = {}): Slice {
  const parsed = parseSlice({
    metadata: {
      namespace: 'shop',
      name: 'web-1',
      labels: { 'kubernetes.io/service-name': 'web' },
    },
    addressType: 'IPv4',
    endpoints: [
      { addresses: ['10.0.0.1'], nodeName: 'node-1', ...hints },
      { addresses: ['10.0.0.2'] },
    ],
  });
  assert.ok(parsed.slice !== undefined);
  return parsed.slice;
}

for (const [title, hints] of [
  ['without hints', {}],
  [
    'with hints',
    { hints: { forZones: [{ name: 'a' }, { name: 'b' }], forNodes: [{ name: 'n' }] } },
  ],
] as const) {
  test(`a slice ${title} stays equal`, () => {
    assert.deepEqual(sliceInterner()(slice(hints)), slice(hints));
  });
}

test('empty lists are shared between slices', () => {
  const intern = sliceInterner();
  const [first, second] = [intern(slice()), intern(slice())];
  assert.equal(first.endpoints[0]?.zoneHints, second.endpoints[1]?.nodeHints);
});
