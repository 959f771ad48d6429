import { setTimeout } from 'node:timers/promises';
import type { Clock } from './followKind.ts';

/** The real time. */
export const systemClock: Clock = {
  now: () => performance.now(),
  async sleep(ms, signal) {
    try {
      await setTimeout(ms, undefined, { signal });
    } catch (error) {
      // Woken early because the agent stops, which is no failure.
      if (!signal.aborted) throw error;
    }
  },
};
