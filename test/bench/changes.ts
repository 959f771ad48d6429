/** Endpoint changes, numbered: which Service each is of, and when it has landed. */
import { SLOWNESS } from '../lab/slowness.ts';
import { clusterIp, firstEndpoint, movedEndpoint } from './addresses.ts';
import { ENDPOINTS } from './apiServer.ts';
import type { Started } from './measureStart.ts';
import type { Cost } from './raw.ts';
import { untilReached } from './reach.ts';

const PATIENCE_MS = 60_000 * SLOWNESS;

/** A prime, so that changes in a row are far apart and none comes back to a Service soon. */
const STRIDE = 7919;

function serviceOf({ subject }: Started, change: number): number {
  return (change * STRIDE) % subject.services;
}

/** Give the first endpoint of the change's Service a new address. */
export async function makeChange(started: Started, change: number): Promise<void> {
  await started.api.moveEndpoint(serviceOf(started, change), movedEndpoint(change));
}

/** The same, and resolve with the milliseconds until a new connection lands there. */
export async function changeAndLand(
  started: Started,
  change: number,
  pauseMs: number,
): Promise<number> {
  const began = performance.now();
  await makeChange(started, change);
  const landed = await untilReached(started.site, {
    clusterIp: clusterIp(serviceOf(started, change)),
    endpoint: movedEndpoint(change),
    patienceMs: PATIENCE_MS,
    pauseMs,
    check: started.agent.assertRunning,
  });
  return landed - began;
}

/** What the tool alone needs for these changes. */
export function rawChange(started: Started, changes: readonly number[]): Promise<Cost> {
  return started.raw.change(
    changes.map((change) => {
      const service = serviceOf(started, change);
      const from = firstEndpoint(service, ENDPOINTS);
      return { clusterIp: clusterIp(service), from, to: movedEndpoint(change) };
    }),
  );
}
