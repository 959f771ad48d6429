/** v1.Service → Service. */
import { familyOf } from '../net/address.ts';
import type { Ip } from '../net/address.ts';
import { clusterIPPlaces, isHandledService } from './handled.ts';
import { serviceKey } from './names.ts';
import { readAddress } from './readAddress.ts';
import { readPortName, readPortNumber, readProtocol } from './readPort.ts';
import {
  choice,
  field,
  integer,
  isAbsent,
  isIdentified,
  openObject,
  optionalPort,
  readItems,
  refuse,
  text,
} from './reader.ts';
import type { Place } from './reader.ts';
import { readRelaying } from './readRelaying.ts';
import { SCHEDULER_ANNOTATION, SCHEDULERS } from './schedulers.ts';
import type { Scheduler } from './schedulers.ts';
import { readSourceRanges } from './sourceRanges.ts';
import type { PortSpec, Problem, Service, TrafficPolicy } from './types.ts';

/** Far beyond real Services; they bound what one object can cost, ports times addresses above all. */
const MAX_PORTS = 5000;
const MAX_ADDRESSES = 256;
const MAX_DESTINATIONS = 25_000;

const DEFAULT_AFFINITY_SECONDS = 10_800;
const MAX_AFFINITY_SECONDS = 86_400;

type ServiceType = 'ClusterIP' | 'NodePort' | 'LoadBalancer';

export interface ParsedService {
  /** undefined when the Service is not ours to handle, or has no valid name. */
  readonly service: Service | undefined;
  /** What was left out of it, and why. */
  readonly problems: readonly Problem[];
}

/** Never throws, whatever the object is. `proxyName`: see isHandledService. */
export function parseService(object: unknown, proxyName?: string): ParsedService {
  const root = openObject(object, 'Service');
  const { problems } = root.findings;
  if (!isIdentified(root)) return { service: undefined, problems };
  if (!isHandledService(root, proxyName)) return { service: undefined, problems: [] };
  return { service: readService(root), problems };
}

function readService(root: Place): Service {
  const reference = root.findings.object;
  const spec = field(root, 'spec');
  const type = readType(spec);
  const addresses = readAddresses(root, type);
  const externalPolicy = readExternalPolicy(spec, type, addresses.externalIPs);
  return {
    key: serviceKey(reference.namespace, reference.name),
    reference,
    createdAt: readCreatedAt(root),
    ...addresses,
    sourceRanges: type === 'LoadBalancer' ? readSourceRanges(root) : undefined,
    internalPolicy: readPolicy(field(spec, 'internalTrafficPolicy')),
    externalPolicy,
    affinitySeconds: readAffinity(spec),
    scheduler: readScheduler(root),
    relaying: readRelaying(root),
    healthCheckNodePort:
      type === 'LoadBalancer' && externalPolicy === 'Local'
        ? optionalPort(field(spec, 'healthCheckNodePort'))
        : undefined,
    ports: readPorts(field(spec, 'ports'), type, portLimit(addresses)),
  };
}

function readType(spec: Place): ServiceType {
  return choice(field(spec, 'type'), ['ClusterIP', 'NodePort', 'LoadBalancer']) ?? 'ClusterIP';
}

/** Infinity, younger than everyone, when unknown: objects from files have no such field. */
function readCreatedAt(root: Place): number {
  const place = field(field(root, 'metadata'), 'creationTimestamp');
  const found = text(place);
  if (found === undefined) return Infinity;
  const time = found.length <= 40 ? Date.parse(found) : NaN;
  if (Number.isFinite(time)) return time;
  refuse(place, 'a time such as 2026-01-31T12:00:00Z');
  return Infinity;
}

function readScheduler(root: Place): Scheduler | undefined {
  const annotations = field(field(root, 'metadata'), 'annotations');
  return choice(field(annotations, SCHEDULER_ANNOTATION), SCHEDULERS);
}

type Addresses = Pick<Service, 'clusterIPs' | 'externalIPs' | 'loadBalancerIPs'>;

function readAddresses(root: Place, type: ServiceType): Addresses {
  return {
    clusterIPs: readClusterIPs(root),
    externalIPs: readDistinct(field(field(root, 'spec'), 'externalIPs'), readAddress),
    loadBalancerIPs: type === 'LoadBalancer' ? readIngress(root) : [],
  };
}

function portLimit({ clusterIPs, externalIPs, loadBalancerIPs }: Addresses): number {
  const count = clusterIPs.length + externalIPs.length + loadBalancerIPs.length;
  return Math.min(MAX_PORTS, Math.floor(MAX_DESTINATIONS / Math.max(count, 1)));
}

/** At most one of each family. */
function readClusterIPs(root: Place): readonly Ip[] {
  const found: Ip[] = [];
  for (const place of clusterIPPlaces(root)) {
    const ip = readAddress(place);
    if (ip === undefined) continue;
    if (found.some((other) => familyOf(other) === familyOf(ip))) {
      refuse(place, 'an address of the other family');
    } else {
      found.push(ip);
    }
  }
  return found;
}

/** The same address twice in one list is harmless and counts once. */
function readDistinct(list: Place, read: (item: Place) => Ip | undefined): readonly Ip[] {
  return [...new Set(readItems(list, MAX_ADDRESSES, read))];
}

/** Neither an ingress that has only a hostname nor one of ipMode Proxy is ours to short-circuit. */
function readIngress(root: Place): readonly Ip[] {
  const list = field(field(field(root, 'status'), 'loadBalancer'), 'ingress');
  return readDistinct(list, (ingress) => {
    const ip = field(ingress, 'ip');
    const mode = field(ingress, 'ipMode');
    if (isAbsent(ip) || ip.value === '') return undefined;
    const isVip = isAbsent(mode) || choice(mode, ['VIP', 'Proxy']) === 'VIP';
    return isVip ? readAddress(ip) : undefined;
  });
}

function readPolicy(place: Place): TrafficPolicy {
  return choice(place, ['Cluster', 'Local']) ?? 'Cluster';
}

/** The API keeps the field when a Service stops being reachable from outside; then it is void. */
function readExternalPolicy(
  spec: Place,
  type: ServiceType,
  externalIPs: readonly Ip[],
): TrafficPolicy {
  if (type === 'ClusterIP' && externalIPs.length === 0) return 'Cluster';
  return readPolicy(field(spec, 'externalTrafficPolicy'));
}

function readAffinity(spec: Place): number | undefined {
  const affinity = choice(field(spec, 'sessionAffinity'), ['None', 'ClientIP']);
  if (affinity !== 'ClientIP') return undefined;
  const clientIP = field(field(spec, 'sessionAffinityConfig'), 'clientIP');
  const seconds = integer(field(clientIP, 'timeoutSeconds'), 1, MAX_AFFINITY_SECONDS);
  return seconds ?? DEFAULT_AFFINITY_SECONDS;
}

function readPorts(list: Place, type: ServiceType, limit: number): readonly PortSpec[] {
  const taken = new Set<string>();
  return readItems(list, limit, (place) => {
    const port = readPort(place, type);
    if (port === undefined) return undefined;
    const id = `${port.name}/${port.protocol}`;
    if (taken.has(id)) {
      refuse(field(place, 'name'), 'a name of its own for each port');
      return undefined;
    }
    taken.add(id);
    return port;
  });
}

function readPort(place: Place, type: ServiceType): PortSpec | undefined {
  const name = readPortName(field(place, 'name'));
  const protocol = readProtocol(field(place, 'protocol'));
  const port = readPortNumber(field(place, 'port'));
  if (name === undefined || protocol === undefined || port === undefined) return undefined;
  const nodePort = type === 'ClusterIP' ? undefined : optionalPort(field(place, 'nodePort'));
  return { name, protocol, port, nodePort };
}
