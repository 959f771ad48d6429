import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secondsLeft, startProgress } from '../../bench/progress.ts';

const STEPS = [
  { name: 'start', seconds: 10 },
  { name: 'changes', seconds: 20 },
  { name: 'churn', seconds: 30 },
];

test('at first the guesses are believed', () => {
  assert.equal(secondsLeft(STEPS, 0, 0), 60);
});

test('a machine of half the speed takes twice as long for the rest', () => {
  assert.equal(secondsLeft(STEPS, 1, 20), 100);
  assert.equal(secondsLeft(STEPS, 3, 120), 0);
});

test('each step prints its number and what is left', () => {
  let now = 0;
  const lines: string[] = [];
  const progress = startProgress(
    STEPS,
    () => now,
    (line) => lines.push(line),
  );
  progress.begin('start');
  now = 30_000;
  progress.begin('changes');
  assert.match(lines[0] ?? '', /^ +1\/3 {2}start .* about 60 s left\n$/);
  assert.match(lines[1] ?? '', /^ +2\/3 {2}changes .* about 3 min left\n$/);
});
