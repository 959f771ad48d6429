/** Some of an operation was refused and the rest went in: what exactly is missing. */
import type { Backend, Rendering } from '../backends/backend.ts';
import { KernelError } from '../kernel/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { Operation } from '../plan/operation.ts';

/** Names what is missing; the message is the first refusal's. */
export class PartialFailure extends KernelError {
  /** Lines of input that would still have to be run, at most some. */
  readonly refused: readonly string[];

  constructor(cause: KernelError, refused: readonly string[]) {
    super(cause.message, cause.details, cause);
    this.name = 'PartialFailure';
    this.refused = refused;
  }
}

/** Carry it out; the refusals, where its lines stand alone and only some were refused. */
export async function applied(kernel: Kernel, operation: Operation): Promise<readonly unknown[]> {
  try {
    await kernel.apply(operation);
    return [];
  } catch (error) {
    const standAlone = operation.kind === 'run' && operation.linesStandAlone === true;
    if (standAlone && error instanceof KernelError && error.kind === 'rejected') return [error];
    throw error;
  }
}

interface Attempt {
  readonly backend: Backend;
  readonly kernel: Kernel;
  readonly rendering: Rendering;
}

const MOST_NAMED = 100;

/**
 * Tools do not say what they refused, or only the first: what would still have to be done, once
 * all was tried, says it.
 */
export async function partialFailure(
  refusals: readonly unknown[],
  { backend, kernel, rendering }: Attempt,
): Promise<unknown> {
  const [first] = refusals;
  if (!(first instanceof KernelError)) return first;
  const rest = backend.plan(await backend.read(kernel), rendering.rules).operations;
  const lines = rest.flatMap((operation) => linesOf(operation));
  return new PartialFailure(first, lines.slice(0, MOST_NAMED));
}

function linesOf(operation: Operation): readonly string[] {
  if (operation.kind === 'sysctl') return [operation.name];
  return operation.stdin?.split('\n').filter((line) => line !== '') ?? [operation.purpose];
}
