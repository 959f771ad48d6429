/**
 * Objects for tests, in one line each. `service`, `slice` and `node` make raw API objects;
 * `parsedService` and the like what the model makes of them; `snapshotOf` a whole Snapshot.
 */
import { parseNode } from '../../src/model/parseNode.ts';
import { parseService } from '../../src/model/parseService.ts';
import { parseSlice } from '../../src/model/parseSlice.ts';
import { buildSnapshot } from '../../src/model/snapshot.ts';
import type { SnapshotInputs } from '../../src/model/snapshot.ts';
import type { NodeInfo, Policy, Service, Slice, Snapshot } from '../../src/model/types.ts';
import { FAMILIES } from '../../src/net/family.ts';
import type { Family } from '../../src/net/family.ts';

export type Json = Readonly<Record<string, unknown>>;

/** Most values are as loose here as in YAML, so that wrong objects are as easy to make. */
interface Named {
  readonly name?: unknown;
  readonly namespace?: unknown;
  readonly labels?: Json;
  readonly annotations?: Json;
  readonly creationTimestamp?: unknown;
}

/** Fields of `spec`, and beside them the object's metadata. */
export interface ServiceOptions extends Named {
  readonly clusterIPs?: readonly unknown[];
  /** Addresses for `status.loadBalancer`, or whole ingress entries. */
  readonly ingress?: readonly unknown[];
  readonly [specField: string]: unknown;
}

/** A Service `default/web` with ClusterIP 10.96.0.10 and port `http` 80/TCP. */
export function service(options: ServiceOptions = {}): Json {
  const { name = 'web', namespace, labels, annotations, creationTimestamp, ...rest } = options;
  const { ingress = [], clusterIPs = ['10.96.0.10'], ...spec } = rest;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata({ name, namespace, labels, annotations, creationTimestamp }),
    spec: {
      type: 'ClusterIP',
      clusterIP: clusterIPs[0] ?? 'None',
      clusterIPs,
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      ...spec,
    },
    status: {
      loadBalancer: {
        ingress: ingress.map((each) => (typeof each === 'string' ? { ip: each } : each)),
      },
    },
  };
}

/** An endpoint; what is not given is left out, as in objects written by hand. */
export interface EndpointOptions {
  readonly ip: string;
  readonly nodeName?: string;
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
  readonly zoneHints?: readonly string[];
  readonly nodeHints?: readonly string[];
}

export interface SliceOptions extends Named {
  /** Name of the Service; `web` unless given. */
  readonly service?: string;
  readonly addressType?: unknown;
  readonly ports?: unknown;
  readonly endpoints?: readonly (string | EndpointOptions)[];
}

/** An EndpointSlice `default/web-1` with port `http` 8080/TCP and one endpoint 10.244.1.1. */
export function slice(options: SliceOptions = {}): Json {
  const { service: owner = 'web', labels, namespace, annotations, creationTimestamp } = options;
  const { name = `${owner}-1`, endpoints = ['10.244.1.1'] } = options;
  const full = endpoints.map((each) => (typeof each === 'string' ? { ip: each } : each));
  const isIpv6 = full.at(0)?.ip.includes(':') ?? false;
  const ownLabels = { 'kubernetes.io/service-name': owner, ...labels };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadata({ name, namespace, labels: ownLabels, annotations, creationTimestamp }),
    addressType: 'addressType' in options ? options.addressType : isIpv6 ? 'IPv6' : 'IPv4',
    ports: options.ports ?? [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: full.map(rawEndpoint),
  };
}

function rawEndpoint(options: EndpointOptions): Json {
  const { ip, nodeName, ready, serving, terminating, zoneHints, nodeHints } = options;
  return defined({
    addresses: [ip],
    nodeName,
    conditions: defined({ ready, serving, terminating }),
    hints: defined({
      forZones: zoneHints?.map((name) => ({ name })),
      forNodes: nodeHints?.map((name) => ({ name })),
    }),
  });
}

export interface NodeOptions extends Named {
  /** Addresses of type InternalIP. */
  readonly ips?: readonly string[];
  readonly zone?: string;
  readonly podCIDRs?: readonly string[];
  readonly taints?: readonly Json[];
}

/** A Node `node-1` with address 192.168.0.1, without a zone. */
export function node(options: NodeOptions = {}): Json {
  const { name = 'node-1', ips = ['192.168.0.1'], zone, podCIDRs, taints } = options;
  const labels = zone === undefined ? {} : { 'topology.kubernetes.io/zone': zone };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${String(name)}`, labels: { ...labels, ...options.labels } },
    spec: defined({ podCIDRs, taints }),
    status: { addresses: ips.map((address) => ({ type: 'InternalIP', address })) },
  };
}

function metadata(named: Partial<Record<keyof Named, unknown>>): Json {
  const { name, namespace = 'default', ...rest } = named;
  return defined({ name, namespace, uid: `uid-${String(name)}`, ...rest });
}

function defined(fields: Json): Json {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** What the model makes of `service(options)`; the object must have no Problem. */
export function parsedService(options?: ServiceOptions): Service {
  const { service: parsed, problems } = parseService(service(options));
  return expectParsed(parsed, problems);
}

/** What the model makes of `slice(options)`; the object must have no Problem. */
export function parsedSlice(options?: SliceOptions): Slice {
  const { slice: parsed, problems } = parseSlice(slice(options));
  return expectParsed(parsed, problems);
}

/** What the model makes of `node(options)`; the object must have no Problem. */
export function parsedNode(options?: NodeOptions): NodeInfo {
  const { node: parsed, problems } = parseNode(node(options));
  return expectParsed(parsed, problems);
}

function expectParsed<Value>(value: Value | undefined, problems: readonly unknown[]): Value {
  if (value !== undefined && problems.length === 0) return value;
  throw new TypeError(`expected a usable object, found ${JSON.stringify(problems)}`);
}

/** kube-proxy's defaults, without a local detector. */
export const POLICY: Policy = {
  masqueradeMark: 0x4000,
  masqueradeAll: false,
  localDetector: { kind: 'none' },
  nodePortAddresses: { kind: 'all' },
  localhostNodePorts: true,
  dropInvalid: true,
  tcpBeLiberal: false,
  ipvs: undefined,
  userspace: undefined,
};

export interface ClusterOptions {
  readonly services?: readonly ServiceOptions[];
  readonly slices?: readonly SliceOptions[];
  readonly node?: NodeOptions;
  readonly policy?: Partial<Policy>;
  readonly families?: readonly Family[];
}

/** A Snapshot of these objects; one Service `default/web` with one endpoint unless told. */
export function snapshotOf(cluster: ClusterOptions = {}): Snapshot {
  return buildSnapshot(inputsOf(cluster));
}

/** What `snapshotOf` builds from, for tests of the building itself. */
export function inputsOf(cluster: ClusterOptions = {}): SnapshotInputs {
  const services = new Map(
    (cluster.services ?? [{}]).map(parsedService).map((each) => [each.key, each]),
  );
  const slices = Map.groupBy((cluster.slices ?? [{}]).map(parsedSlice), (each) => each.service);
  return {
    node: parsedNode(cluster.node),
    policy: { ...POLICY, ...cluster.policy },
    families: cluster.families ?? FAMILIES,
    service: (key) => services.get(key),
    slicesOf: (key) => slices.get(key) ?? [],
    serviceKeys: () => services.keys(),
  };
}
