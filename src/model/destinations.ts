/** One port of a Service → the addresses at which clients dial it. */
import { familyOf, ipInCidr } from '../net/address.ts';
import type { Cidr, Ip } from '../net/address.ts';
import type { Family } from '../net/family.ts';
import { addressesOf, rivalOf, wishesOf } from './claims.ts';
import type { Claims, Wish } from './claims.ts';
import { portKey } from './names.ts';
import type { UsableEndpoints } from './trafficPolicy.ts';
import type {
  Claim,
  Destination,
  DestinationKind,
  NodeInfo,
  PortSpec,
  Problem,
  Service,
} from './types.ts';
import { verdictOf } from './verdict.ts';

/** The port in question and what is known around it. */
export interface PortContext {
  readonly service: Service;
  readonly port: PortSpec;
  readonly family: Family;
  readonly node: NodeInfo;
  readonly claims: Claims;
}

export interface Destinations {
  readonly destinations: readonly Destination[];
  /** One for each address that another Service, or another port of this one, owns. */
  readonly problems: readonly Problem[];
}

/** In a fixed order: ClusterIP, external IPs, load balancer's addresses, NodePort. */
export function destinationsOf(context: PortContext, usable: UsableEndpoints): Destinations {
  const destinations: Destination[] = [];
  const problems: Problem[] = [];
  const claimant = portKey(context.service.key, context.port, context.family);
  const addresses = addressesOf(context.service, context.family);
  for (const wish of wishesOf(addresses, context.port, context.family)) {
    const rival = rivalOf(context.claims, wish, { service: context.service.key, claimant });
    if (rival === undefined) destinations.push(granted(context, wish, usable));
    // The same address under two headings of one port is no contest: the first rank speaks for both.
    else if (rival.claimant !== claimant) problems.push(contested(context, wish, rival));
  }
  return { destinations, problems };
}

function granted(context: PortContext, wish: Wish, usable: UsableEndpoints): Destination {
  const { service } = context;
  const policy = wish.kind === 'ClusterIP' ? service.internalPolicy : service.externalPolicy;
  return {
    kind: wish.kind,
    ip: wish.ip,
    port: wish.port,
    policy,
    verdict: verdictOf(policy, usable),
    sourceRanges: wish.kind === 'LoadBalancerIP' ? admittedSources(context) : undefined,
  };
}

/** Sources of this family that may use the load balancer's addresses; undefined for everyone. */
function admittedSources({ service, family, node }: PortContext): readonly Cidr[] | undefined {
  const ranges = service.sourceRanges?.filter((range) => familyOf(range) === family);
  if (ranges === undefined || ranges.some((range) => range.endsWith('/0'))) return undefined;
  const includesNode = node.ips.some((ip) => ranges.some((range) => ipInCidr(ip, range)));
  if (!includesNode) return ranges;
  // Where the address is on an interface of this node, the node dials from the address itself.
  const own = service.loadBalancerIPs.filter((ip) => familyOf(ip) === family);
  return [...ranges, ...own.map(hostRange)];
}

function hostRange(ip: Ip): Cidr {
  return `${ip}/${familyOf(ip) === 4 ? '32' : '128'}` as Cidr;
}

const FIELDS: Readonly<Record<DestinationKind, string>> = {
  ClusterIP: 'spec.clusterIPs',
  ExternalIP: 'spec.externalIPs',
  LoadBalancerIP: 'status.loadBalancer.ingress',
  NodePort: 'spec.ports.nodePort',
};

function contested({ service }: PortContext, wish: Wish, rival: Claim): Problem {
  return {
    object: service.reference,
    field: FIELDS[wish.kind],
    message: `expected an address of its own, found ${wish.key}, the ${rival.kind} of ${rival.claimant}`,
  };
}
