import { setTimeout as sleep } from 'node:timers/promises';

export interface Waiting {
  /** What is waited for; ends the error's message. */
  readonly goal: string;
  readonly patienceMs: number;
  readonly pauseMs: number;
  /** Ends the wait with its reason. */
  readonly signal: AbortSignal;
}

/** Looks until there is a value that is not undefined; rejects when the patience is over. */
export async function settled<T>(
  look: () => Promise<T | undefined>,
  { goal, patienceMs, pauseMs, signal }: Waiting,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    signal.throwIfAborted();
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > deadline) {
      throw new Error(`after ${(patienceMs / 1000).toFixed(0)} s not yet ${goal}`);
    }
    await sleep(pauseMs, undefined, { signal });
  }
}
