import assert from 'node:assert/strict';
import { test } from 'node:test';
import { median, sum, worst } from '../../bench/statistics.ts';

const CASES = [
  { values: [3], median: 3, worst: 3, sum: 3 },
  { values: [10, 9, 100], median: 10, worst: 100, sum: 119 },
  { values: [4, 1, 2, 3], median: 2.5, worst: 4, sum: 10 },
  { values: [-2, -1], median: -1.5, worst: -1, sum: -3 },
  { values: [], median: NaN, worst: NaN, sum: 0 },
];

for (const { values, ...expected } of CASES) {
  test(`of ${JSON.stringify(values)}`, () => {
    const found = { median: median(values), worst: worst(values), sum: sum(values) };
    assert.deepEqual(found, expected);
  });
}

test('the values themselves keep their order', () => {
  const values = [2, 1];
  median(values);
  assert.deepEqual(values, [2, 1]);
});
