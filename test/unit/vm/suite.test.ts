import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closingLine } from '../../runFiles.ts';
import { parseProgress, printProgress } from '../../vm/progress.ts';
import { parseTotals } from '../../vm/suite.ts';

test('the closing line that the guest prints is understood, and nothing else', () => {
  const totals = { passed: 12, failed: 1, skipped: 2 };
  assert.deepEqual(parseTotals(closingLine(totals)), totals);
  assert.equal(parseTotals('✔ test/x.test.ts: 3 passed, 0.1 s'), undefined);
});

test('how far the guest came is read from its lines', () => {
  assert.equal(parseProgress(printProgress('a\ntest', 1234)), 'a test after 1.2 s');
  assert.equal(parseProgress('guest: ended with 0'), undefined);
});
