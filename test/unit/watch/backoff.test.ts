import assert from 'node:assert/strict';
import { test } from 'node:test';
import { API_BACKOFF, backoffDelay } from '../../../src/watch/backoff.ts';

function almostOne(): number {
  return 0.999_999;
}

test('the upper bound of the delay doubles with each failure, up to a cap', () => {
  const bounds = [1, 2, 3, 4, 5, 6, 7, 100].map((failures) =>
    Math.ceil(backoffDelay(failures, almostOne) / 100),
  );
  assert.deepEqual(bounds, [8, 16, 32, 64, 128, 256, 300, 300]);
});

test('the jitter is full: the delay may be nothing', () => {
  assert.equal(
    backoffDelay(5, () => 0),
    0,
  );
});

test('the limits are those of the API clients', () => {
  assert.deepEqual(API_BACKOFF, { baseMs: 800, capMs: 30_000 });
});
