/** For tools that stop at the first line that they refuse, although the lines stand alone. */
import { KernelError } from './errors.ts';

/** A tool that refuses more than this has another trouble than single lines. */
const MOST_REFUSALS = 20;

/**
 * Run `run` with all lines, then without those that were refused, until it goes through; rejects
 * with the first refusal at the end. Lines before a refused one are run again: they must bear that.
 */
export async function applyLines(
  input: string,
  run: (input: string) => Promise<void>,
): Promise<void> {
  let rest = input;
  let first: KernelError | undefined;
  for (let refusals = 0; ; refusals += 1) {
    try {
      await run(rest);
      break;
    } catch (error) {
      if (!(error instanceof KernelError) || refusals >= MOST_REFUSALS) throw error;
      first ??= error;
      const shorter = withoutRefused(rest, error);
      if (shorter === undefined) throw error;
      rest = shorter;
    }
  }
  if (first !== undefined) throw first;
}

/** undefined when the error does not say which line it was. */
function withoutRefused(input: string, error: KernelError): string | undefined {
  if (error.kind !== 'rejected') return undefined;
  const { inputLine } = error.details;
  if (inputLine === undefined) return undefined;
  const lines = input.split('\n');
  const index = lines.findIndex((line) => line.trim() === inputLine);
  return index === -1 ? undefined : lines.toSpliced(index, 1).join('\n');
}
