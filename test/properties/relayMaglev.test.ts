/** Consistent hashing: what a change of the endpoints does to the table. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildTable } from '../../src/relay/pick/maglev.ts';

test('the loss of one endpoint moves its own clients and few others', () => {
  const anyCount = fc.integer({ min: 2, max: 1000 });
  fc.assert(
    fc.property(anyCount, fc.nat(), (count, nth) => {
      const endpoints = Array.from({ length: count }, (_, n) => `10.${n >> 8}.${n & 255}.1:80`);
      const lost = endpoints[nth % count];
      const left = endpoints.filter((each) => each !== lost);
      const [before, after] = [buildTable(endpoints), buildTable(left)];
      let moved = 0;
      for (const [entry, index] of before.entries()) {
        if (endpoints[index] === lost) continue;
        if (endpoints[index] !== left[after[entry] ?? 0]) moved += 1;
      }
      assert.ok(moved / before.length < 0.06, `${moved} of ${before.length} for ${count}`);
    }),
    { numRuns: 40 },
  );
});
