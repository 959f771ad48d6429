import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UdpFlow } from '../../../src/kernel/conntrack.ts';
import { onlyTranslated } from '../../../src/sync/staleFlows.ts';

const FLOW: UdpFlow = {
  family: 4,
  originalDestination: '10.96.0.10',
  originalPort: 53,
  replySource: '10.244.1.2',
  replySourcePort: 5353,
};
const RELAYED: UdpFlow = { ...FLOW, replySource: '10.96.0.10', replySourcePort: 53 };

test('where flows are relayed, only what another mode translated is stale', () => {
  const isStale = onlyTranslated(() => true);
  assert.equal(isStale(FLOW), true);
  assert.equal(isStale({ ...RELAYED, replySourcePort: 54 }), true);
  assert.equal(isStale(RELAYED), false);
});

test('and of those only what is stale anyway', () => {
  assert.equal(onlyTranslated(() => false)(FLOW), false);
});
