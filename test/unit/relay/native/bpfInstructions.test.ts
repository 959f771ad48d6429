import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  EXIT,
  assemble,
  jump,
  jumpIfEqual,
  label,
  load,
  loadMap,
  moveValue,
  storeValue,
} from '../../../../src/relay/native/bpfInstructions.ts';
import type { Step } from '../../../../src/relay/native/bpfInstructions.ts';

function assembled(steps: readonly Step[]): readonly string[] {
  return assemble(steps).map((each) => Buffer.from(each).toString('hex'));
}

test('instructions are struct bpf_insn: code, registers, offset, value', () => {
  assert.deepEqual(assembled([load(4, 1, 6, 40), storeValue(2, 10, -8, 0x1234), EXIT]), [
    '6161280000000000',
    '6a0af8ff34120000',
    '9500000000000000',
  ]);
});

test('a map takes two', () => {
  assert.deepEqual(assembled([...loadMap(1, 7)]), ['1811000007000000', '0000000000000000']);
});

test('a jump is counted from the instruction behind it, and labels take no room', () => {
  const steps = [
    jumpIfEqual(0, 0, 'end'),
    ...loadMap(1, 7),
    label('middle'),
    moveValue(0, 1),
    label('end'),
    EXIT,
  ];
  assert.equal(assembled(steps)[0], '1500030000000000');
});

test('a jump leads down', () => {
  assert.throws(() => assemble([label('up'), EXIT, jump('up')]), /no label up further down/);
  assert.throws(() => assemble([jump('nowhere'), EXIT]), /no label nowhere/);
});
