import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KernelErrorKind } from '../../../src/kernel/errors.ts';
import { KernelError } from '../../../src/kernel/errors.ts';
import { runProgram } from '../../../src/kernel/run.ts';

const LIMIT = { timeoutMs: 30_000 };

function isKind(kind: KernelErrorKind): (error: unknown) => boolean {
  return (error) => error instanceof KernelError && error.kind === kind;
}

test('standard output comes back whole, final newline and all', async () => {
  const { stdout } = await runProgram('printf', ['a\\nb\\n'], LIMIT);
  assert.equal(stdout, 'a\nb\n');
});

test('programs run in the C locale, with sbin in their PATH', async () => {
  const { stdout } = await runProgram('sh', ['-c', 'echo "$LC_ALL $PATH"'], LIMIT);
  assert.match(stdout, /^C .*:\/usr\/sbin:\/sbin\n$/);
});

test('ten megabytes go in and come out, whole or line by line', async () => {
  const stdin = `${'x'.repeat(99)}\n`.repeat(100_000);
  const { stdout } = await runProgram('cat', [], { ...LIMIT, stdin });
  assert.ok(stdout === stdin);

  let lines = 0;
  function onLine(line: string): void {
    assert.equal(line.length, 99);
    lines += 1;
  }
  assert.equal((await runProgram('cat', [], { ...LIMIT, stdin, onLine })).stdout, '');
  assert.equal(lines, 100_000);
});

test('a last line without a newline is a line', async () => {
  const lines: string[] = [];
  await runProgram('printf', ['one\\ntwo'], { ...LIMIT, onLine: (line) => void lines.push(line) });
  assert.deepEqual(lines, ['one', 'two']);
});

test('a program that ends without reading its input fails by its own exit code', async () => {
  const stdin = 'x'.repeat(1_000_000);
  const run = runProgram('sh', ['-c', 'echo "line 1 failed" >&2; exit 3'], { ...LIMIT, stdin });
  await assert.rejects(run, (error) => isKind('rejected')(error) && exitCodeOf(error) === 3);
});

test('a program that does not exist is missing', async () => {
  await assert.rejects(runProgram('fairway-no-such-program', [], LIMIT), isKind('missing-program'));
});

test('a program that takes too long is ended', async () => {
  await assert.rejects(runProgram('sleep', ['60'], { timeoutMs: 20 }), isKind('timed-out'));
});

test('a program is ended when the signal fires, and not begun when it has fired', async () => {
  const controller = new AbortController();
  const { signal } = controller;
  const run = runProgram('sh', ['-c', 'echo up; exec sleep 60'], {
    ...LIMIT,
    signal,
    onLine: () => {
      controller.abort();
    },
  });
  await assert.rejects(run, isKind('aborted'));
  await assert.rejects(runProgram('true', [], { ...LIMIT, signal }), isKind('aborted'));
});

function exitCodeOf(error: unknown): number | undefined {
  return error instanceof KernelError ? error.details.exitCode : undefined;
}
