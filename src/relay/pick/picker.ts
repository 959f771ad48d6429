/**
 * Which endpoint of a Service a client gets: balancing, session affinity and outlier ejection
 * together. Pure: time and chance are arguments.
 */
import type {
  Balancing,
  EndpointAddress,
  EndpointList,
  RelayService,
} from '../../plan/relayTable.ts';
import { createAffinity } from './affinity.ts';
import { CHOOSERS } from './balance.ts';
import type { Candidates, Endpoint } from './endpoints.ts';
import {
  beginTry,
  hasLasted,
  isProbeDue,
  markOneWay,
  recordFailure,
  recordSuccess,
} from './health.ts';
import type { HealthOptions } from './health.ts';
import { createRoster, isListed } from './roster.ts';
import type { RosterOptions } from './roster.ts';

export interface PickerOptions extends HealthOptions, RosterOptions {
  /** How many clients affinity remembers. */
  readonly mostClients: number;
}

/** For what is no test: everything but chance. */
export const PICKER_DEFAULTS: Omit<PickerOptions, keyof RosterOptions> = {
  failuresInRow: 3,
  firstAsideMs: 1000,
  longestAsideMs: 60_000,
  probeMs: 5000,
  mostClients: 65_536,
};

/**
 * Times are milliseconds of any clock that never goes back. A client is its address, as bytes or as
 * any text that is always the same.
 */
export interface Picker {
  /** The endpoint for this client now, not one of `tried`; undefined when none is left. */
  pick(
    client: Client,
    list: EndpointList,
    tried: readonly EndpointAddress[],
    now: number,
  ): EndpointAddress | undefined;
  /** A connection stands: it counts as active, the client is remembered, the endpoint works. */
  connected(endpoint: EndpointAddress, client: Client, now: number): void;
  /** The same for a UDP flow: as `connected`, but nothing is known of the endpoint yet. */
  assigned(endpoint: EndpointAddress, client: Client, now: number): void;
  /** The endpoint of a UDP flow answered: it works. */
  answered(endpoint: EndpointAddress, now: number): void;
  /** What was `connected` or `assigned` is over. */
  ended(endpoint: EndpointAddress): void;
  /** An attempt failed; where it was `assigned`, `ended` must be called as well. */
  failed(endpoint: EndpointAddress, client: Client, now: number): void;
  /** Follow another state of the same Service; what runs and is remembered stays. */
  update(service: RelayService): void;
  /** Endpoints that are not used now because they kept failing. */
  setAside(): readonly EndpointAddress[];
}

export type Client = string | Uint8Array;

export function createPicker(first: RelayService, options: PickerOptions): Picker {
  const { random } = options;
  const roster = createRoster(first, options);
  const affinity = createAffinity(first.affinitySeconds, options.mostClients);
  let service = first;

  function succeed(endpoint: Endpoint | undefined, now: number): void {
    if (endpoint !== undefined && recordSuccess(endpoint, now)) roster.recount();
  }

  function recall(client: Client, list: EndpointList, now: number): Endpoint | undefined {
    if (service.affinitySeconds === undefined) return undefined;
    const endpoint = affinity.recall(clientText(client), now);
    return endpoint?.listed[list] === true ? endpoint : undefined;
  }

  function assign(address: EndpointAddress, client: Client, now: number): Endpoint | undefined {
    const endpoint = roster.find(address);
    if (endpoint === undefined) return undefined;
    endpoint.active += 1;
    if (service.affinitySeconds !== undefined && isListed(endpoint)) {
      affinity.remember(clientText(client), endpoint, now);
    }
    return endpoint;
  }

  return {
    pick(client, list, tried, now) {
      const asked = { client, tried, now, random, remembered: recall(client, list, now) };
      const chosen = choose(roster.lists[list], service.balancing, asked);
      if (chosen === undefined) return undefined;
      if (hasLasted(chosen, now)) succeed(chosen, now);
      else beginTry(chosen, now, options);
      return chosen.address;
    },
    connected: (address, client, now) => succeed(assign(address, client, now), now),
    assigned(address, client, now) {
      const endpoint = assign(address, client, now);
      if (endpoint !== undefined) markOneWay(endpoint, now);
    },
    answered: (address, now) => succeed(roster.find(address), now),
    ended: (address) => roster.release(address),
    failed(address, client, now) {
      const endpoint = roster.find(address);
      if (endpoint === undefined || !isListed(endpoint)) return;
      if (service.affinitySeconds !== undefined) affinity.forget(clientText(client), endpoint);
      if (recordFailure(endpoint, now, options)) roster.recount();
    },
    update(next) {
      service = next;
      roster.update(next);
      affinity.setTimeout(next.affinitySeconds);
    },
    setAside: () => roster.setAside(),
  };
}

interface Asked {
  readonly client: Client;
  readonly tried: readonly EndpointAddress[];
  readonly now: number;
  /** Where affinity wants the client to go. */
  readonly remembered: Endpoint | undefined;
  readonly random: () => number;
}

function choose(list: Candidates, balancing: Balancing, asked: Asked): Endpoint | undefined {
  const { client, tried, now, remembered, random } = asked;
  const isUntried = ({ address }: Endpoint): boolean => !tried.includes(address);
  const isOpen = (endpoint: Endpoint): boolean =>
    isUsable(endpoint, list, now) && isUntried(endpoint);
  if (remembered !== undefined && isOpen(remembered)) return remembered;
  const balance = CHOOSERS[balancing];
  return (
    balance(list, { client, isOpen, random }) ??
    balance(list, { client, isOpen: isUntried, random })
  );
}

function isUsable(endpoint: Endpoint, { aside, endpoints }: Candidates, now: number): boolean {
  if (endpoint.asideUntil === undefined || isProbeDue(endpoint, now)) return true;
  // With most of them aside the fault lies elsewhere, or the rest would be swamped.
  return aside * 2 > endpoints.length;
}

function clientText(client: Client): string {
  return typeof client === 'string' ? client : String.fromCharCode(...client);
}
