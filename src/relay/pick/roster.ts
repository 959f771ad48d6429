/** All endpoints of a Service, as they come and go. */
import type { EndpointAddress, EndpointList, RelayService } from '../../plan/relayTable.ts';
import { countAside, endStay, newCandidates, newEndpoint, replaceEndpoints } from './endpoints.ts';
import type { Candidates, Endpoint } from './endpoints.ts';

export interface Roster {
  readonly lists: Readonly<Record<EndpointList, Candidates>>;
  /** One that is in a list, or has left and still has connections. */
  find(address: EndpointAddress): Endpoint | undefined;
  /** A connection to it has ended. */
  release(address: EndpointAddress): void;
  /** An endpoint was set aside or came back. */
  recount(): void;
  update(service: RelayService): void;
  setAside(): readonly EndpointAddress[];
}

export interface RosterOptions {
  readonly random: () => number;
  /** Told which endpoints are set aside whenever that changes. */
  readonly asideChanged?: (endpoints: readonly EndpointAddress[]) => void;
}

export function createRoster(first: RelayService, options: RosterOptions): Roster {
  const known = new Map<EndpointAddress, Endpoint>();
  const lists = {
    cluster: newCandidates(endpointsOf(first, 'cluster'), chance(options.random)),
    local: newCandidates(endpointsOf(first, 'local'), chance(options.random)),
  };

  function endpointsOf(service: RelayService, list: EndpointList): readonly Endpoint[] {
    return service[list].map((address) => {
      const endpoint = known.get(address) ?? newEndpoint(address);
      known.set(address, endpoint);
      endpoint.listed[list] = true;
      return endpoint;
    });
  }

  function dropIfGone(endpoint: Endpoint): void {
    if (!isListed(endpoint) && endpoint.active === 0) known.delete(endpoint.address);
  }

  function setAside(): readonly EndpointAddress[] {
    if (lists.cluster.aside + lists.local.aside === 0) return [];
    const aside = [...known.values()].filter(({ asideUntil }) => asideUntil !== undefined);
    return aside.map(({ address }) => address);
  }

  return {
    lists,
    find: (address) => known.get(address),
    release(address) {
      const endpoint = known.get(address);
      if (endpoint === undefined) return;
      endpoint.active -= 1;
      dropIfGone(endpoint);
    },
    recount() {
      countAside(lists.cluster);
      countAside(lists.local);
      options.asideChanged?.(setAside());
    },
    update(service) {
      const before = setAside().length;
      const listed = [...known.values()].filter(isListed);
      for (const endpoint of listed) endpoint.listed.cluster = endpoint.listed.local = false;
      replaceEndpoints(lists.cluster, endpointsOf(service, 'cluster'));
      replaceEndpoints(lists.local, endpointsOf(service, 'local'));
      for (const endpoint of listed) if (!isListed(endpoint)) endStay(endpoint);
      listed.forEach(dropIfGone);
      const aside = setAside();
      if (aside.length !== before) options.asideChanged?.(aside);
    },
    setAside,
  };
}

export function isListed({ listed }: Endpoint): boolean {
  return listed.cluster || listed.local;
}

/** Where the first round starts: workers that all began with the first endpoint would favour it. */
function chance(random: () => number): number {
  return Math.floor(random() * 2 ** 31);
}
