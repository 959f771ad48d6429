import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judge } from '../../soak/verdict.ts';
import type { Sample } from '../../soak/verdict.ts';

function samplesOf(sizes: (seconds: number) => Omit<Sample, 'seconds'>): readonly Sample[] {
  return Array.from({ length: 100 }, (_, seconds) => ({ seconds, ...sizes(seconds) }));
}

test('what swings has not grown', () => {
  const samples = samplesOf((at) => ({ megabytes: 100 + (at % 7), files: 40 + (at % 30) }));
  assert.deepEqual(
    judge(samples).map(({ hasGrown }) => hasGrown),
    [false, false],
  );
});

test('growth is seen, but not that of the first minutes', () => {
  const samples = samplesOf((at) => ({ megabytes: 100 + at, files: Math.min(10 * at, 100) }));
  assert.deepEqual(
    judge(samples).map(({ what, hasGrown }) => [what, hasGrown]),
    [
      ['megabytes', true],
      ['files', false],
    ],
  );
});
