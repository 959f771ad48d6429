/** Running the programs that make and unmake the lab. */
import { execa } from 'execa';
import { SLOWNESS } from './slowness.ts';

/** Standard output of a program that must succeed; `stdin` is handed to it. */
export async function runProgram(
  program: string,
  args: readonly string[],
  stdin = '',
): Promise<string> {
  const { stdout } = await execa(program, args, {
    input: stdin,
    timeout: 30_000 * SLOWNESS,
  });
  return stdout;
}

/** The same inside a network namespace. */
export function runInside(
  namespace: string,
  command: readonly string[],
  stdin = '',
): Promise<string> {
  return runProgram('ip', ['netns', 'exec', namespace, ...command], stdin);
}
