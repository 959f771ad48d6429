import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseDuration, printDuration } from '../../../src/config/duration.ts';

const DURATIONS: readonly (readonly [string, number | undefined])[] = [
  ['0', 0],
  ['0s', 0],
  ['500ms', 500],
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['1h2m3s4ms', 3_723_004],
  ['1.5s', 1_500],
  ['.5s', 500],
  ['1.s', 1_000],
  ['250us', 0.25],
  ['250µs', 0.25],
  ['250μs', 0.25],
  ['1000000ns', 1],
  ['', undefined],
  ['30', undefined],
  ['s', undefined],
  ['.s', undefined],
  ['1d', undefined],
  ['-1s', -1_000],
  ['+1s', 1_000],
  ['-0', 0],
  ['--1s', undefined],
  ['1s ', undefined],
  [' 1s', undefined],
  ['1m 30s', undefined],
  ['1s30', undefined],
  ['1e3s', undefined],
  ['30S', undefined],
];

for (const [text, expected] of DURATIONS) {
  test(`the duration ${JSON.stringify(text)} is ${String(expected)} ms`, () => {
    assert.equal(parseDuration(text), expected);
  });
}

test('a text is judged alone, whatever came before it', () => {
  assert.equal(parseDuration('1m30'), undefined);
  assert.equal(parseDuration('2s'), 2_000);
});

/** As time.Duration.String() has them. */
const PRINTED: readonly (readonly [number, string])[] = [
  [0, '0s'],
  [30_000, '30s'],
  [90_000, '1m30s'],
  [900_000, '15m0s'],
  [3_600_000, '1h0m0s'],
  [86_400_000, '24h0m0s'],
  [250, '250ms'],
  [1_500, '1.5s'],
  [61_250, '1m1.25s'],
  [0.25, '250µs'],
  [0.000_001, '1ns'],
  [-1_500, '-1.5s'],
];

for (const [ms, text] of PRINTED) {
  test(`${String(ms)} ms are printed as ${text}, and read back`, () => {
    assert.equal(printDuration(ms), text);
    assert.equal(parseDuration(text), ms);
  });
}
