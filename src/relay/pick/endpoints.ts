/** The endpoints of a Service, and the two lists of them that clients get. */
import type { EndpointAddress, EndpointList } from '../../plan/relayTable.ts';
import { HEALTHY, resetHealth } from './health.ts';
import type { Health } from './health.ts';

export interface Endpoint extends Health {
  readonly address: EndpointAddress;
  /** Connections that run now, or UDP flows. */
  active: number;
  /** Which lists it is in. */
  readonly listed: Record<EndpointList, boolean>;
  /** Counted up when it leaves both lists: what was remembered of it then is void. */
  stay: number;
}

/** One list. */
export interface Candidates {
  endpoints: readonly Endpoint[];
  /** Index of the endpoint whose turn it is. */
  turn: number;
  /** How many of them are set aside. */
  aside: number;
  /** Maglev's, made when first wanted. */
  table: Uint16Array | undefined;
}

export function newEndpoint(address: EndpointAddress): Endpoint {
  return { address, active: 0, listed: { cluster: false, local: false }, stay: 0, ...HEALTHY };
}

/** `turn` is any number: where the first round starts. */
export function newCandidates(endpoints: readonly Endpoint[], turn: number): Candidates {
  const start = endpoints.length === 0 ? 0 : turn % endpoints.length;
  return { endpoints, turn: start, aside: 0, table: undefined };
}

/** The same list with other endpoints: the turn goes on where it was. */
export function replaceEndpoints(list: Candidates, endpoints: readonly Endpoint[]): void {
  list.turn = turnAmong(list, endpoints);
  list.endpoints = endpoints;
  list.table = undefined;
  countAside(list);
}

/** Index of the first that is still there, from the one whose turn it was. */
function turnAmong({ endpoints: before, turn }: Candidates, after: readonly Endpoint[]): number {
  const places = new Map(after.map((endpoint, index) => [endpoint, index]));
  for (let step = 0; step < before.length; step += 1) {
    const endpoint = before[(turn + step) % before.length];
    const place = endpoint && places.get(endpoint);
    if (place !== undefined) return place;
  }
  return 0;
}

export function countAside(list: Candidates): void {
  let count = 0;
  for (const { asideUntil } of list.endpoints) if (asideUntil !== undefined) count += 1;
  list.aside = count;
}

/** It left both lists: should it come back, it begins anew, but for what still runs there. */
export function endStay(endpoint: Endpoint): void {
  endpoint.stay += 1;
  resetHealth(endpoint);
}
