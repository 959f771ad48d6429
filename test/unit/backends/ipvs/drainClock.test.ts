import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Installed, ObjectKey } from '../../../../src/backends/backend.ts';
import { drainClock } from '../../../../src/backends/ipvs/drainClock.ts';
import { sortedMap } from '../../../../src/sorted/sortedMap.ts';

const KEY = '4/ipvs/server/TCP 10.96.0.10:80 10.244.2.2:8080' as ObjectKey;

/** When it is read, as what, and what becomes of it; the limit is 10. */
type Look = readonly [number, string | undefined, string | undefined];

const CASES: readonly (readonly [string, readonly Look[]])[] = [
  [
    'busy for as long as the limit is overdue',
    [
      [5, '0 busy', '0 busy'],
      [14, '0 busy', '0 busy'],
      [15, '0 busy', '0 overdue'],
      [16, '0 busy', '0 overdue'],
    ],
  ],
  [
    'back at work in between begins anew',
    [
      [0, '0 busy', '0 busy'],
      [8, '1', '1'],
      [12, '0 busy', '0 busy'],
      [21, '0 busy', '0 busy'],
      [22, '0 busy', '0 overdue'],
    ],
  ],
  [
    'gone in between is forgotten',
    [
      [0, '0 busy', '0 busy'],
      [5, undefined, undefined],
      [12, '0 busy', '0 busy'],
    ],
  ],
  [
    'idle is not overdue',
    [
      [0, '0 busy', '0 busy'],
      [20, '0 idle', '0 idle'],
    ],
  ],
];

for (const [what, looks] of CASES) {
  test(what, () => {
    let time = 0;
    const clock = drainClock(10, () => time);
    for (const [at, text, expected] of looks) {
      time = at;
      const installed: Installed = sortedMap(text === undefined ? [] : [[KEY, text]]);
      assert.equal(clock.judge(installed).get(KEY), expected, `at ${String(at)}`);
    }
  });
}

test('without time to drain, what is busy is overdue at the first look', () => {
  const judged = drainClock(0, () => 7).judge(sortedMap([[KEY, '0 busy']]));
  assert.equal(judged.get(KEY), '0 overdue');
});
