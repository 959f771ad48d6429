/** An open loop: starts things when they are due, whether or not those before have ended. */
import { setImmediate as yieldTurn, setTimeout as wait } from 'node:timers/promises';

export interface Pace {
  readonly rate: number;
  readonly seconds: number;
}

/** One start: when it was due after the beginning, and from when its time counts. */
export interface Start {
  readonly atMs: number;
  /** performance.now() to count from. */
  readonly from: number;
}

/**
 * Timers are exact to a millisecond or two. A start later than that was held up by a busy machine,
 * which is part of what a user would feel: its time counts from when it was due.
 */
const GRAIN_MS = 2;

/**
 * Calls `start` `rate` times a second for `seconds`; resolves with the longest that a start was late,
 * in milliseconds, when the last one was made. Does not wait for what it started.
 */
export async function openLoop(
  { rate, seconds }: Pace,
  start: (start: Start, index: number) => void,
): Promise<number> {
  const began = performance.now();
  const total = Math.max(1, Math.round(rate * seconds));
  let latestMs = 0;
  for (let index = 0; index < total; index += 1) {
    const atMs = (index * 1000) / rate;
    const due = began + atMs;
    const early = Math.floor(due - performance.now());
    // Also where it is due already: answers must be let in between.
    await (early > 0 ? wait(early) : yieldTurn());
    const now = performance.now();
    const lateMs = now - due;
    latestMs = Math.max(latestMs, lateMs);
    start({ atMs, from: lateMs > GRAIN_MS ? due : now }, index);
  }
  return latestMs;
}

/** Runs `once` over and over, `atOnce` at a time, until `seconds` have passed; what it counts. */
export async function closedLoop(
  { atOnce, seconds }: { readonly atOnce: number; readonly seconds: number },
  once: (index: number) => Promise<boolean>,
): Promise<{ count: number; failed: number; seconds: number }> {
  const began = performance.now();
  const end = began + seconds * 1000;
  let [count, failed, index] = [0, 0, 0];
  async function worker(): Promise<void> {
    while (performance.now() < end) {
      index += 1;
      if (await once(index - 1)) count += 1;
      else {
        failed += 1;
        // A refusal comes at once; without a pause a broken target would keep the processor busy.
        await wait(PAUSE_MS);
      }
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker));
  return { count, failed, seconds: (performance.now() - began) / 1000 };
}

const PAUSE_MS = 5;
