/**
 * Who owns an address when several Services want it. kube-proxy leaves that to chance; here one
 * Service owns it, always the same, and the others get a Problem:
 *
 * - A ClusterIP beats a load balancer's address, and that an external IP: the first two are given
 *   out by the cluster, the last one anyone may write into a Service. Then the older Service wins,
 *   then the name.
 * - An address that is somebody's ClusterIP is that Service's as a whole. On its other ports too no
 *   other Service may catch the traffic, or whoever can write an external IP could answer for DNS.
 * - Load balancer's and external addresses are contested port by port, since sharing is common.
 */
import { familyOf } from '../net/address.ts';
import type { Ip } from '../net/address.ts';
import type { Family } from '../net/family.ts';
import type { SortedMap } from '../sorted/sortedMap.ts';
import { portKey } from './names.ts';
import type { Claim, ClaimKey, DestinationKind, PortSpec, Service } from './types.ts';

export type Claims = SortedMap<ClaimKey, readonly Claim[]>;

const RANKS: Readonly<Record<DestinationKind, number>> = {
  ClusterIP: 0,
  NodePort: 0,
  LoadBalancerIP: 1,
  ExternalIP: 2,
};

/** An address that a Service lists, with the kind of destination it makes. */
export interface ListedAddress {
  readonly kind: DestinationKind;
  readonly ip: Ip;
}

/** A Service's addresses of one family, in the order in which they become destinations. */
export function addressesOf(service: Service, family: Family): readonly ListedAddress[] {
  function listed(kind: DestinationKind, ips: readonly Ip[]): readonly ListedAddress[] {
    return ips.filter((ip) => familyOf(ip) === family).map((ip) => ({ kind, ip }));
  }
  return [
    ...listed('ClusterIP', service.clusterIPs),
    ...listed('ExternalIP', service.externalIPs),
    ...listed('LoadBalancerIP', service.loadBalancerIPs),
  ];
}

/**
 * The families in which a Service is served: those of its ClusterIPs. An address of another family
 * is not this Service's to have; it has no endpoints there either.
 */
export function familiesOf(service: Service, families: readonly Family[]): readonly Family[] {
  return families.filter((family) => service.clusterIPs.some((ip) => familyOf(ip) === family));
}

/** A destination that a port asks for, before it is known whether it may have it. */
export interface Wish {
  readonly key: ClaimKey;
  readonly kind: DestinationKind;
  readonly ip: Ip | undefined;
  readonly port: number;
}

/** In the order of the addresses; the NodePort last. */
export function wishesOf(
  addresses: readonly ListedAddress[],
  { port, nodePort, protocol }: PortSpec,
  family: Family,
): readonly Wish[] {
  const wishes: Wish[] = addresses.map(({ kind, ip }) => ({
    key: `${ip} ${String(port)}/${protocol}` as ClaimKey,
    kind,
    ip,
    port,
  }));
  if (nodePort === undefined) return wishes;
  const key = `NodePort/${String(family)} ${String(nodePort)}/${protocol}` as ClaimKey;
  return [...wishes, { key, kind: 'NodePort', ip: undefined, port: nodePort }];
}

function addressKey(ip: Ip): ClaimKey {
  // By way of string, since no value can carry both brands.
  return ip as string as ClaimKey;
}

export type KeyedClaim = readonly [ClaimKey, Claim];

/** Everything that a Service wants. */
export function claimsOf(service: Service, families: readonly Family[]): readonly KeyedClaim[] {
  const claims: KeyedClaim[] = [];
  for (const family of familiesOf(service, families)) {
    const addresses = addressesOf(service, family);
    for (const { kind, ip } of addresses) {
      if (kind === 'ClusterIP') claims.push([addressKey(ip), claim(service, service.key, kind)]);
    }
    for (const port of service.ports) {
      const claimant = portKey(service.key, port, family);
      for (const wish of wishesOf(addresses, port, family)) {
        claims.push([wish.key, claim(service, claimant, wish.kind)]);
      }
    }
  }
  return claims;
}

function claim(service: Service, claimant: Claim['claimant'], kind: DestinationKind): Claim {
  return { service: service.key, claimant, kind, createdAt: service.createdAt };
}

/** The claim that stands in the way of this wish, or undefined if nothing does. */
export function rivalOf(
  claims: Claims,
  wish: Wish,
  mine: Pick<Claim, 'service' | 'claimant'>,
): Claim | undefined {
  const landlord = wish.ip === undefined ? undefined : claims.get(addressKey(wish.ip))?.at(0);
  if (landlord !== undefined && landlord.service !== mine.service) return landlord;
  const owner = claims.get(wish.key)?.at(0);
  return owner?.claimant === mine.claimant && owner.kind === wish.kind ? undefined : owner;
}

/** The owner of a contested key is the first in this order. */
export function compareClaims(a: Claim, b: Claim): number {
  return (
    RANKS[a.kind] - RANKS[b.kind] ||
    compare(a.createdAt, b.createdAt) ||
    compare(a.service, b.service) ||
    compare(a.claimant, b.claimant)
  );
}

/** By `<` and not by subtraction, for which two Infinities would be unequal. */
function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
