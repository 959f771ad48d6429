import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applyLines } from '../../../src/kernel/applyLines.ts';
import { KernelError } from '../../../src/kernel/errors.ts';

function refusal(inputLine: string | undefined): KernelError {
  const details = { kind: 'rejected', program: 'ipset', exitCode: 1, firstLine: '' } as const;
  return new KernelError(`refused ${inputLine ?? ''}`, { ...details, inputLine });
}

/** A tool that refuses these lines, the first of them each time. */
function tool(refused: readonly string[]) {
  const runs: string[] = [];
  const run = (input: string): Promise<void> => {
    runs.push(input);
    const line = input.split('\n').find((each) => refused.includes(each));
    return line === undefined ? Promise.resolve() : Promise.reject(refusal(line));
  };
  return { runs, run };
}

test('all lines at once when none is refused', async () => {
  const { runs, run } = tool([]);
  await applyLines('a\nb\n', run);
  assert.deepEqual(runs, ['a\nb\n']);
});

test('the others go in without those that are refused, and the first refusal is told', async () => {
  const { runs, run } = tool(['b', 'd']);
  await assert.rejects(applyLines('a\nb\nc\nd\ne\n', run), /refused b/);
  assert.equal(runs.at(-1), 'a\nc\ne\n');
});

test('a tool that refuses nearly everything is not asked for ever', async () => {
  const lines = Array.from({ length: 100 }, (_, n) => `line ${String(n)}`);
  const { runs, run } = tool(lines);
  await assert.rejects(applyLines(`${lines.join('\n')}\n`, run), KernelError);
  assert.equal(runs.length, 21);
});

test('an error that names no line is told at once', async () => {
  let runs = 0;
  const run = (): Promise<void> => {
    runs += 1;
    return Promise.reject(refusal(undefined));
  };
  await assert.rejects(applyLines('a\nb\n', run), KernelError);
  assert.equal(runs, 1);
});
