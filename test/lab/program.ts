/** Running the programs that make and unmake the lab. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { SLOWNESS } from './slowness.ts';

const LARGEST_OUTPUT = 100_000_000;

/** Standard output, without the last newline, of a program that must succeed; `stdin` is handed to it. */
export async function runProgram(
  program: string,
  args: readonly string[],
  stdin = '',
): Promise<string> {
  const running = promisify(execFile)(program, args, {
    timeout: 30_000 * SLOWNESS,
    maxBuffer: LARGEST_OUTPUT,
  });
  // A program that does not read it ends before it has all of it.
  running.child.stdin?.on('error', () => undefined).end(stdin);
  return (await running).stdout.replace(/\n$/, '');
}

/** The same inside a network namespace. */
export function runInside(
  namespace: string,
  command: readonly string[],
  stdin = '',
): Promise<string> {
  return runProgram('ip', ['netns', 'exec', namespace, ...command], stdin);
}
