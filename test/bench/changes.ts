/** Endpoint changes, numbered: which Service each is of, and when it has landed. */
import { clusterIp, firstEndpoint, movedEndpoint, POD_PORT } from './addresses.ts';
import { ENDPOINTS } from './apiServer.ts';
import type { Started } from './measureStart.ts';
import { untilReached } from './reach.ts';
import { refillInput } from './savedRules.ts';

const PATIENCE_MS = 60_000;

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

/** Input for iptables-restore that rewrites the chains which these changes touch. */
export function rawInput(started: Started, changes: readonly number[]): string {
  const chains = changes.map((change) => {
    const address = firstEndpoint(serviceOf(started, change), ENDPOINTS);
    const endpoint = `${address}:${String(POD_PORT)}`;
    const chain = started.raw.chainOf.get(endpoint);
    if (chain === undefined) throw new Error(`no rule leads to ${endpoint}`);
    return chain;
  });
  return refillInput(started.raw.nat, chains);
}
