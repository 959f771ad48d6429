import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clientMarks } from '../../../../src/backends/ipvs/clientMarks.ts';
import { POLICY } from '../../../support/servicePorts.ts';

test('law: marks fit into 32 bits, are never 0, and differ in the masquerade bit alone', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 31 }), (text, bit) => {
      const masqueradeMark = 2 ** bit;
      const { pod, node } = clientMarks(text, { ...POLICY, masqueradeMark });
      assert.ok(pod > 0 && node < 2 ** 32);
      assert.equal(Math.floor(pod / masqueradeMark) % 2, 0);
      assert.equal(node - pod, masqueradeMark);
    }),
    { numRuns: 1000 },
  );
});

test('the same text gives the same marks, another gives others', () => {
  assert.deepEqual(clientMarks('a', POLICY), clientMarks('a', POLICY));
  const pods = Array.from({ length: 1000 }, (_, n) => clientMarks(String(n), POLICY).pod);
  assert.equal(new Set(pods).size, pods.length);
});
