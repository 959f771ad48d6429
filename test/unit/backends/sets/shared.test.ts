import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ObjectKey, Rules } from '../../../../src/backends/backend.ts';
import { changeWishes, NO_WISHES } from '../../../../src/backends/sets/shared.ts';
import type { WishChange, Wishes } from '../../../../src/backends/sets/shared.ts';
import type { PortKey } from '../../../../src/model/types.ts';
import { edit, sortedMap } from '../../../../src/sorted/sortedMap.ts';

/** `port` wants the object `id` to read `text`. */
function wish(port: string, id: string, text = ''): WishChange {
  return { port: port as PortKey, shared: { id, objects: [[`the ${id}` as ObjectKey, text]] } };
}

interface Step {
  readonly leaving?: readonly WishChange[];
  readonly coming?: readonly WishChange[];
}

function outcome(steps: readonly Step[]): Record<string, string> {
  let wishes: Wishes = NO_WISHES;
  let objects: Rules = sortedMap();
  for (const { leaving = [], coming = [] } of steps) {
    objects = edit(objects, (draft) => {
      wishes = changeWishes(wishes, leaving, coming, draft);
    });
  }
  return Object.fromEntries(objects.entries());
}

const [OF_A, OF_B] = [wish('a', '10.96.0.1', 'of a'), wish('b', '10.96.0.1', 'of b')];

const CASES: readonly (readonly [string, readonly Step[], Record<string, string>])[] = [
  ['nobody wants anything', [{}], {}],
  [
    'the first in order counts',
    [{ coming: [OF_B] }, { coming: [OF_A] }],
    { 'the 10.96.0.1': 'of a' },
  ],
  [
    'what one leaves the other still has',
    [{ coming: [OF_A, OF_B] }, { leaving: [OF_A] }],
    { 'the 10.96.0.1': 'of b' },
  ],
  ['what all leave goes', [{ coming: [OF_A, OF_B] }, { leaving: [OF_B, OF_A] }], {}],
  [
    'leaving and coming at once is a change',
    [{ coming: [OF_A] }, { leaving: [OF_A], coming: [wish('a', '10.96.0.1', 'new')] }],
    { 'the 10.96.0.1': 'new' },
  ],
  [
    'an id that begins like another is another',
    [
      { coming: [wish('a', '10.96.0.1'), wish('a', '10.96.0.12'), wish('a', '10.96.0')] },
      { leaving: [wish('a', '10.96.0.1')] },
    ],
    { 'the 10.96.0': '', 'the 10.96.0.12': '' },
  ],
];

for (const [what, steps, expected] of CASES) {
  test(what, () => {
    assert.deepEqual(outcome(steps), expected);
  });
}
