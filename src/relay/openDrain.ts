/** Ending without a failed connection, as far as the time given allows. */
import { setTimeout as sleep } from 'node:timers/promises';

import { ignoreNewConnections } from './filters.ts';

export interface DrainContext {
  readonly timeoutMs: number;
  /** Whether no connection runs. */
  readonly ended: () => boolean;
  /** How many were accepted so far. */
  readonly accepted: () => number;
}

const LOOK_MS = 10;
/** Where nobody waits for the end. */
const PATIENT_LOOK_MS = 500;
/** A client's handshake that began before takes that long at most, unless a packet is lost. */
const QUIET_MS = 250;
/** What is left of the time for those that were accepted last. */
const LAST_MS = 1000;

/** Resolves when no connection runs and none can come, or when the time is up. */
export async function drainListeners(
  listeners: readonly { readonly fd: number }[],
  { timeoutMs, ended, accepted }: DrainContext,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  const lastOnes = deadline - Math.min(timeoutMs / 2, LAST_MS);
  const look = timeoutMs === Infinity ? PATIENT_LOOK_MS : LOOK_MS;
  while (!ended() && performance.now() < lastOnes) await sleep(look);
  for (const { fd } of listeners) ignoreNewConnections(fd);
  let before = accepted();
  let quietSince = performance.now();
  while (performance.now() < deadline) {
    if (accepted() !== before) quietSince = performance.now();
    before = accepted();
    if (ended() && performance.now() - quietSince >= QUIET_MS) return;
    await sleep(LOOK_MS);
  }
}
