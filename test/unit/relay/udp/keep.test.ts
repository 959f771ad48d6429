import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeeper } from '../../../../src/relay/udp/keep.ts';

interface Kept {
  kept: Uint8Array | undefined;
  keptLength: number;
}

function none(): Kept {
  return { kept: undefined, keptLength: -1 };
}

function text({ kept, keptLength }: Kept): string | undefined {
  if (kept === undefined || keptLength === -1) return undefined;
  return Buffer.from(kept.subarray(0, keptLength)).toString();
}

test('the last unanswered datagram is kept, an empty one too', () => {
  const keeper = createKeeper(1000);
  const flow = none();
  keeper.keep(flow, Buffer.from('one'));
  keeper.keep(flow, Buffer.from('2'));
  assert.equal(text(flow), '2');
  keeper.keep(flow, Buffer.alloc(0));
  assert.equal(text(flow), '');
  keeper.answered(flow);
  assert.equal(text(flow), undefined);
});

test('what is kept is bounded in all, and its room comes back', () => {
  const keeper = createKeeper(1000);
  const flows = [none(), none(), none()];
  for (const flow of flows) keeper.keep(flow, Buffer.alloc(400, 'x'));
  assert.deepEqual(
    flows.map((flow) => flow.keptLength),
    [400, 400, -1],
  );
  const [first, second, third] = flows as [Kept, Kept, Kept];
  keeper.answered(first);
  keeper.keep(third, Buffer.alloc(400, 'y'));
  assert.equal(text(third)?.length, 400);
  // Too long for what is left: better none than an older one.
  keeper.keep(second, Buffer.alloc(900, 'z'));
  assert.equal(text(second), undefined);
  for (const flow of flows) keeper.drop(flow);
  assert.equal(keeper.size(), 0);
});
