import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildTable, TABLE_SIZE } from '../../../../src/relay/pick/maglev.ts';

test('every endpoint has the same share, within one entry', () => {
  for (const count of [1, 2, 3, 100, 1000]) {
    const shares = new Array<number>(count).fill(0);
    for (const index of buildTable(endpointsOf(count))) shares[index] = (shares[index] ?? 0) + 1;
    assert.ok(Math.min(...shares) >= Math.floor(TABLE_SIZE / count));
    assert.ok(Math.max(...shares) <= Math.ceil(TABLE_SIZE / count));
  }
});

test('no endpoints give no entries, and more than there are entries are cut off', () => {
  assert.equal(buildTable([]).length, 0);
  const table = buildTable(endpointsOf(TABLE_SIZE + 10));
  assert.equal(new Set(table).size, TABLE_SIZE);
});

function endpointsOf(count: number): readonly string[] {
  return Array.from({ length: count }, (_, n) => `10.0.${n >> 8}.${n & 255}:80`);
}
