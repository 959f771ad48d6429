/** Decided ServicePorts and Snapshots, by hand and at random, for tests of backends. */
import fc from 'fast-check';
import type {
  Destination,
  Endpoint,
  Policy,
  PortKey,
  Protocol,
  ServiceHealth,
  ServiceKey,
  ServicePort,
  Snapshot,
  TrafficPolicy,
} from '../../src/model/types.ts';
import type { Cidr, Ip } from '../../src/net/address.ts';
import type { Family } from '../../src/net/family.ts';
import { sortedMap } from '../../src/sorted/sortedMap.ts';

export const POLICY: Policy = {
  masqueradeMark: 0x4000,
  masqueradeAll: false,
  localDetector: { kind: 'cidr', cidrs: ['10.244.0.0/16' as Cidr, 'fd00:10:244::/48' as Cidr] },
  nodePortAddresses: { kind: 'all' },
  localhostNodePorts: true,
  dropInvalid: true,
  tcpBeLiberal: false,
  ipvs: undefined,
  userspace: undefined,
};

export function endpoint(ip: string, port = 8080, isLocal = false): Endpoint {
  return {
    ip: ip as Ip,
    port,
    isLocal,
    isReady: true,
    isServing: true,
    isTerminating: false,
    weight: 1,
  };
}

export function destination(
  kind: Destination['kind'],
  ip: string | undefined,
  over: Partial<Destination> = {},
): Destination {
  const port = kind === 'NodePort' ? 30080 : 80;
  const address = ip as Ip | undefined;
  return {
    kind,
    ip: address,
    port,
    policy: 'Cluster',
    verdict: 'forward',
    sourceRanges: undefined,
    ...over,
  };
}

/** `default/web:http` with two endpoints unless `over` says otherwise. */
export function servicePort(over: Partial<ServicePort> = {}): ServicePort {
  const { service = 'default/web' as ServiceKey, portName = 'http', protocol = 'TCP' } = over;
  const family: Family = over.family ?? 4;
  const endpoints = [endpoint('10.244.1.2', 8080, true), endpoint('10.244.2.2')];
  return {
    key: `${service}:${portName}/${protocol}/${String(family)}` as PortKey,
    service,
    portName,
    protocol,
    family,
    affinitySeconds: undefined,
    scheduler: undefined,
    relaying: undefined,
    destinations: [destination('ClusterIP', '10.96.0.10')],
    clusterEndpoints: endpoints,
    localEndpoints: endpoints.filter((each) => each.isLocal),
    servingEndpoints: endpoints,
    ...over,
  };
}

export function snapshotOf(
  ports: readonly ServicePort[],
  over: { policy?: Policy; health?: readonly ServiceHealth[] } = {},
): Snapshot {
  return {
    node: { name: 'node1', ips: [], zone: undefined, podCIDRs: [], isLeaving: false },
    policy: over.policy ?? POLICY,
    families: FAMILIES,
    ports: sortedMap(ports.map((port) => [port.key, port])),
    health: sortedMap((over.health ?? []).map((each) => [each.service, each])),
    problems: sortedMap(),
    claims: sortedMap(),
    services: sortedMap(),
  };
}

// One value, as in the agent: a Snapshot of other families starts a rendering anew.
const FAMILIES: readonly Family[] = [4, 6];

/** Addresses that crowd (a dispatch with many levels) and addresses that do not. */
function arbitraryIp(family: Family): fc.Arbitrary<Ip> {
  const low = fc.integer({ min: 1, max: 250 });
  const high = fc.oneof(fc.constant(96), low);
  return fc
    .tuple(high, low, low)
    .map(([a, b, c]) =>
      family === 4
        ? `10.${String(a)}.${String(b)}.${String(c)}`
        : `fd00:${a.toString(16)}::${b.toString(16)}:${c.toString(16)}`,
    )
    .map((text) => text as Ip);
}

function arbitraryEndpoints(family: Family): fc.Arbitrary<readonly Endpoint[]> {
  const one = fc
    .tuple(arbitraryIp(family), fc.integer({ min: 1, max: 65535 }), fc.boolean())
    .map(([ip, port, isLocal]) => endpoint(ip, port, isLocal));
  return fc.uniqueArray(one, {
    maxLength: 7,
    selector: (each) => `${each.ip} ${String(each.port)}`,
  });
}

function arbitraryDestination(family: Family): fc.Arbitrary<Destination> {
  return fc
    .record({
      kind: fc.constantFrom('ClusterIP', 'ExternalIP', 'LoadBalancerIP', 'NodePort' as const),
      ip: arbitraryIp(family),
      port: fc.integer({ min: 1, max: 65535 }),
    })
    .map(({ kind, ip, port }) => destination(kind, kind === 'NodePort' ? undefined : ip, { port }));
}

interface ServiceWide {
  readonly internal: TrafficPolicy;
  readonly external: TrafficPolicy;
  readonly sourceRanges: readonly Cidr[] | undefined;
}

function arbitraryServiceWide(family: Family): fc.Arbitrary<ServiceWide> {
  const ranges = family === 4 ? ['198.51.100.0/24', '0.0.0.0/0'] : ['2001:db8::/32', '::/0'];
  return fc.record({
    internal: fc.constantFrom<TrafficPolicy>('Cluster', 'Local'),
    external: fc.constantFrom<TrafficPolicy>('Cluster', 'Local'),
    sourceRanges: fc.option(fc.subarray(ranges as Cidr[]), { nil: undefined }),
  });
}

/** What holds for all of a Service, and the verdicts that go with its endpoints. */
function decided(port: ServicePort, wide: ServiceWide): ServicePort {
  const destinations = port.destinations.map((undecided): Destination => {
    const each: Destination = {
      ...undecided,
      policy: undecided.kind === 'ClusterIP' ? wide.internal : wide.external,
      sourceRanges: undecided.kind === 'LoadBalancerIP' ? wide.sourceRanges : undefined,
    };
    if (port.clusterEndpoints.length === 0) return { ...each, verdict: 'reject' };
    const isEmpty = each.policy === 'Local' && port.localEndpoints.length === 0;
    return { ...each, verdict: isEmpty ? 'drop' : 'forward' };
  });
  return { ...port, destinations };
}

export function arbitraryServicePort(): fc.Arbitrary<ServicePort> {
  return fc.constantFrom<Family>(4, 6).chain((family) =>
    fc
      .record({
        name: fc.integer({ min: 0, max: 30 }),
        protocol: fc.constantFrom<Protocol>('TCP', 'UDP', 'SCTP'),
        affinitySeconds: fc.option(fc.integer({ min: 1, max: 86400 }), { nil: undefined }),
        endpoints: arbitraryEndpoints(family),
        destinations: fc.array(arbitraryDestination(family), { maxLength: 4 }),
        wide: arbitraryServiceWide(family),
      })
      .map(({ name, endpoints, wide, ...rest }) => {
        const port = servicePort({
          ...rest,
          service: `ns/service-${String(name)}` as ServiceKey,
          family,
          clusterEndpoints: endpoints,
          localEndpoints: endpoints.filter((each) => each.isLocal),
          servingEndpoints: endpoints,
        });
        return decided(port, wide);
      }),
  );
}

/** No two Services at one address and port: claims have settled that before. */
export function settled(ports: readonly ServicePort[]): readonly ServicePort[] {
  const taken = new Set<string>();
  return ports.map((port) => ({
    ...port,
    destinations: port.destinations.filter(({ ip, port: number }) => {
      const at = `${ip ?? ''} ${String(number)} ${port.protocol} ${String(port.family)}`;
      return taken.has(at) ? false : taken.add(at);
    }),
  }));
}
