/** One Service and its EndpointSlices → everything that is decided about it. */
import type { Family } from '../net/family.ts';
import { familiesOf } from './claims.ts';
import type { Claims } from './claims.ts';
import { destinationsOf } from './destinations.ts';
import { healthOf } from './health.ts';
import { mergeSlices } from './mergeSlices.ts';
import { portKey } from './names.ts';
import { usableEndpoints } from './trafficPolicy.ts';
import { decideRelaying } from './decideRelaying.ts';
import { decideScheduler } from './decideScheduler.ts';
import type {
  NodeInfo,
  Policy,
  Problem,
  Service,
  ServiceHealth,
  ServicePort,
  Slice,
} from './types.ts';

/** What decisions about every Service depend on, besides the Service. */
export interface Ground {
  readonly node: NodeInfo;
  readonly policy: Policy;
  readonly families: readonly Family[];
  readonly claims: Claims;
}

/** All that the Snapshot holds of one Service. */
export interface Decided {
  readonly ports: readonly ServicePort[];
  readonly health: ServiceHealth | undefined;
  readonly problems: readonly Problem[];
}

/** More would only fill logs. */
const MAX_PROBLEMS = 16;

/** The same for every order of the slices. */
export function decide(service: Service, slices: Iterable<Slice>, ground: Ground): Decided {
  const { node, claims } = ground;
  const merged = mergeSlices(slices, node.name);
  const ports: ServicePort[] = [];
  const { scheduler, problems: ofScheduler } = decideScheduler(service, ground.policy);
  const { relaying, problems: ofRelaying } = decideRelaying(service, ground.policy);
  const problems: Problem[] = [...ofScheduler, ...ofRelaying];
  for (const family of familiesOf(service, ground.families)) {
    for (const port of service.ports) {
      const usable = usableEndpoints(merged.endpointsOf(port, family), node);
      const found = destinationsOf({ service, port, family, node, claims }, usable);
      problems.push(...found.problems);
      ports.push({
        key: portKey(service.key, port, family),
        service: service.key,
        portName: port.name,
        protocol: port.protocol,
        family,
        affinitySeconds: service.affinitySeconds,
        scheduler,
        relaying,
        destinations: found.destinations,
        ...usable,
      });
    }
  }
  return { ports, health: healthOf(service, merged), problems: problems.slice(0, MAX_PROBLEMS) };
}
