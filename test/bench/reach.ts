/** Waiting until new connections to a Service arrive where they should. */
import { setTimeout as wait } from 'node:timers/promises';
import { SLOWNESS } from '../lab/slowness.ts';
import type { Outcome } from '../lab/traffic/messages.ts';
import { SERVICE_PORT } from './addresses.ts';
import type { Site } from './site.ts';

export interface Reach {
  readonly clusterIp: string;
  /** The endpoint that must answer; any when absent. */
  readonly endpoint?: string;
  /** Give up after so long. */
  readonly patienceMs: number;
  /** Between the end of one burst of dials and the next. */
  readonly pauseMs: number;
  /** Throws when there is nothing more to wait for. */
  readonly check: () => void;
}

/**
 * Dials at once: one of three endpoints is picked at random, so that with six the right one is
 * among them nine times in ten.
 */
const BURST = 6;
/** A dial whose packet met the moment of the change is not waited for. */
const DIAL_TIMEOUT_MS = 100 * SLOWNESS;

/** Resolves with performance.now() at the first connection that arrived; throws when none did. */
export async function untilReached(site: Site, reach: Reach): Promise<number> {
  const deadline = performance.now() + reach.patienceMs;
  while (performance.now() < deadline) {
    reach.check();
    const outcomes = await site.client.dial({
      protocol: 'TCP',
      to: { address: reach.clusterIp, port: SERVICE_PORT },
      times: reach.endpoint === undefined ? 1 : BURST,
      timeoutMs: DIAL_TIMEOUT_MS,
    });
    if (outcomes.some((outcome) => isArrival(outcome, reach.endpoint))) return performance.now();
    await wait(reach.pauseMs);
  }
  const where = reach.endpoint ?? 'any endpoint';
  throw new Error(
    `${reach.clusterIp} did not lead to ${where} within ${String(reach.patienceMs / 1000)} s`,
  );
}

function isArrival(outcome: Outcome, endpoint: string | undefined): boolean {
  if (outcome.kind !== 'answer') return false;
  return endpoint === undefined || outcome.greeting.at.address === endpoint;
}
