import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quantile, spreadOf, unevenness } from '../../../src/compare/report/statistics.ts';

test('a quantile is a value that was measured', () => {
  const values = Array.from({ length: 1000 }, (_, index) => 1000 - index);
  assert.deepEqual(
    [0.5, 0.9, 0.99, 0.999, 1].map((share) => quantile(values, share)),
    [500, 900, 990, 999, 1000],
  );
  assert.equal(quantile([7], 0.001), 7);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test('the spread of rounds; what was not measured does not count', () => {
  assert.deepEqual(spreadOf([3, 1, NaN, 2]), { median: 2, low: 1, high: 3, rounds: 3 });
  assert.equal(spreadOf([NaN]), undefined);
});

test('unevenness: none, that of chance, a preference', () => {
  assert.equal(unevenness([100, 100, 100]), 0);
  assert.equal(unevenness([60, 40]), 4);
  assert.ok(unevenness([300, 0, 0]) > 100);
  assert.ok(Number.isNaN(unevenness([100])));
});
