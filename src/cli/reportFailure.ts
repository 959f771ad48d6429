/** One clear line for an operator; a stack only for what is a mistake of ours. */
import { KernelError } from '../kernel/errors.ts';
import { ListenError } from '../serve/listen.ts';
import { programName } from './programName.ts';

export function reportFailure(error: unknown): void {
  process.stderr.write(`${programName()}: ${describe(error)}\n`);
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isExpected = error instanceof KernelError || error instanceof ListenError;
  return isExpected || error.constructor === Error ? error.message : (error.stack ?? error.message);
}
