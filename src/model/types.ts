/**
 * The vocabulary of fairway: what the API's objects become before anything is decided, and what
 * the decisions are. Every value here was validated; nothing below `model/` checks it again.
 */
import type { Cidr, Ip } from '../net/address.ts';
import type { Family } from '../net/family.ts';
import type { SortedMap } from '../sorted/sortedMap.ts';
import type { Balancing } from './balancings.ts';
import type { Scheduler } from './schedulers.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** Cluster: every usable endpoint. Local: only endpoints on this node. */
export type TrafficPolicy = 'Cluster' | 'Local';

/** `namespace/name` of a Service. */
export type ServiceKey = string & { readonly __brand: 'ServiceKey' };

/** Something wrong with one object; it is logged, counted and made an event, never thrown. */
export interface Problem {
  /** `Service default/web` or `EndpointSlice default/web-abc`. */
  readonly object: ObjectReference;
  /** The field as kubectl explain spells it: `spec.externalIPs[0]`. */
  readonly field: string;
  /** What was expected and what was found, one sentence, safe to print. */
  readonly message: string;
}

export interface ObjectReference {
  readonly kind: 'Service' | 'EndpointSlice' | 'Node';
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One port of a Service as written in its spec. */
export interface PortSpec {
  /** Empty when the only port has no name. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  /** Absent when the Service has no NodePort for it. */
  readonly nodePort: number | undefined;
}

/** A Service that this proxy handles: not headless, not ExternalName, not another proxy's. */
export interface Service {
  readonly key: ServiceKey;
  readonly reference: ObjectReference;
  /**
   * Milliseconds since the epoch; the older Service wins a contested address. Infinity when the
   * object does not say.
   */
  readonly createdAt: number;
  readonly clusterIPs: readonly Ip[];
  readonly externalIPs: readonly Ip[];
  /** Addresses of status.loadBalancer.ingress whose ipMode is VIP or absent. */
  readonly loadBalancerIPs: readonly Ip[];
  /**
   * undefined: everyone may use the load balancer's addresses. A list admits only what it names,
   * per family: a family without a CIDR in a non-empty list admits nobody (kube-proxy: everybody).
   */
  readonly sourceRanges: readonly Cidr[] | undefined;
  readonly internalPolicy: TrafficPolicy;
  /** Cluster unless the Service is externally accessible and says Local. */
  readonly externalPolicy: TrafficPolicy;
  /** Seconds of ClientIP affinity; undefined for none. */
  readonly affinitySeconds: number | undefined;
  /** The annotation fairway.dev/scheduler, for ipvs mode; undefined for the agent's default. */
  readonly scheduler: Scheduler | undefined;
  /** Annotations for userspace mode. */
  readonly relaying: RelayWishes;
  /** Only for type LoadBalancer with externalTrafficPolicy Local. */
  readonly healthCheckNodePort: number | undefined;
  readonly ports: readonly PortSpec[];
}

/** One endpoint of an EndpointSlice, before it is combined with a port. */
export interface SliceEndpoint {
  readonly ip: Ip;
  readonly nodeName: string | undefined;
  readonly isReady: boolean;
  readonly isServing: boolean;
  readonly isTerminating: boolean;
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
}

export interface SlicePort {
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
}

export interface Slice {
  readonly reference: ObjectReference;
  /** From the label kubernetes.io/service-name. */
  readonly service: ServiceKey;
  readonly family: Family;
  /** The annotation fairway.dev/weight, for ipvs mode; 1 without it. */
  readonly weight: number;
  readonly endpoints: readonly SliceEndpoint[];
  readonly ports: readonly SlicePort[];
}

/** What is known of the node that this agent runs on. */
export interface NodeInfo {
  readonly name: string;
  /** First InternalIP (else ExternalIP) of each family. */
  readonly ips: readonly Ip[];
  readonly zone: string | undefined;
  readonly podCIDRs: readonly Cidr[];
  /** Being deleted or tainted ToBeDeletedByClusterAutoscaler: load balancers should leave. */
  readonly isLeaving: boolean;
}

/** A pod's address and port that may get traffic. */
export interface Endpoint {
  readonly ip: Ip;
  readonly port: number;
  /** On this node: nodeName equals ours exactly. */
  readonly isLocal: boolean;
  readonly isReady: boolean;
  readonly isServing: boolean;
  readonly isTerminating: boolean;
  /** Its share under the schedulers of ipvs mode that weigh; 1 unless its slice says otherwise. */
  readonly weight: number;
}

export type DestinationKind = 'ClusterIP' | 'ExternalIP' | 'LoadBalancerIP' | 'NodePort';

/**
 * What happens to a client that is neither a pod of this node nor the node itself.
 * forward: DNAT to an endpoint of the destination's policy. reject: no usable endpoint anywhere,
 * answer with an ICMP port unreachable. drop: policy Local, endpoints only elsewhere; silence, so
 * that a load balancer which has not noticed tries another node instead of failing the user.
 * For ClusterIP the verdict holds for every client. For the external kinds with policy Local and
 * verdict drop, pods of this node and the node itself still reach the cluster's endpoints.
 */
export type Verdict = 'forward' | 'reject' | 'drop';

/** An address and port that clients dial. */
export interface Destination {
  readonly kind: DestinationKind;
  /** undefined for NodePort: every address of the node that accepts NodePorts. */
  readonly ip: Ip | undefined;
  readonly port: number;
  readonly policy: TrafficPolicy;
  readonly verdict: Verdict;
  /** Only for LoadBalancerIP: sources of this family that may use it; undefined for everyone. */
  readonly sourceRanges: readonly Cidr[] | undefined;
}

/** One port of one Service in one family, with everything decided. Frozen, compared by identity. */
export interface ServicePort {
  readonly key: PortKey;
  readonly service: ServiceKey;
  /** Empty when the only port has no name. */
  readonly portName: string;
  readonly protocol: Protocol;
  readonly family: Family;
  readonly affinitySeconds: number | undefined;
  /** Only in ipvs mode, and only one that this kernel has; undefined for the agent's default. */
  readonly scheduler: Scheduler | undefined;
  /** undefined in every mode but userspace. */
  readonly relaying: Relaying | undefined;
  /** In a fixed order, contested addresses of which another Service is the owner left out. */
  readonly destinations: readonly Destination[];
  /** Usable endpoints under policy Cluster (topology hints applied), sorted by ip then port. */
  readonly clusterEndpoints: readonly Endpoint[];
  /** Usable endpoints on this node, sorted the same way. */
  readonly localEndpoints: readonly Endpoint[];
  /** Every ready or serving endpoint, terminating or not, local or not: UDP flows may go on. */
  readonly servingEndpoints: readonly Endpoint[];
}

/** `namespace/name:portName/protocol/family`, for example `default/web:http/TCP/4`. */
export type PortKey = string & { readonly __brand: 'PortKey' };

/** What a health check node port must answer. */
export interface ServiceHealth {
  readonly service: ServiceKey;
  readonly reference: ObjectReference;
  /** The healthCheckNodePort. */
  readonly port: number;
  /** Distinct IPs of local ready endpoints, per family (semantics 27, 31). */
  readonly localEndpoints: Readonly<Record<Family, number>>;
}

/** How "a pod of this node" is told from the rest, by the packet's source or its interface. */
export type LocalDetector =
  | { readonly kind: 'none' }
  | { readonly kind: 'cidr'; readonly cidrs: readonly Cidr[] }
  | { readonly kind: 'bridge'; readonly interface: string }
  | { readonly kind: 'interfacePrefix'; readonly prefix: string };

/** Which local addresses accept NodePorts. */
export type NodePortAddresses =
  | { readonly kind: 'all' }
  /** Local addresses inside these; a family without a CIDR accepts nowhere. */
  | { readonly kind: 'cidrs'; readonly cidrs: readonly Cidr[] };

/** The operator's choices that every backend must honour, as data. */
export interface Policy {
  /** One bit, for example 0x4000. */
  readonly masqueradeMark: number;
  readonly masqueradeAll: boolean;
  readonly localDetector: LocalDetector;
  readonly nodePortAddresses: NodePortAddresses;
  /** Whether 127.0.0.0/8 accepts NodePorts (IPv4 only; ::1 never does). */
  readonly localhostNodePorts: boolean;
  /** Drop packets that conntrack calls INVALID in FORWARD (kubernetes #74839). */
  readonly dropInvalid: boolean;
  /** Set nf_conntrack_tcp_be_liberal: TCP packets outside the window are not INVALID then. */
  readonly tcpBeLiberal: boolean;
  /** undefined in every other mode. */
  readonly ipvs: IpvsPolicy | undefined;
  /** undefined in every other mode. */
  readonly userspace: UserspacePolicy | undefined;
}

/** What the operator chose for userspace mode, as far as rules and the relay's table follow it. */
export interface UserspacePolicy {
  readonly balancing: Balancing;
  /** Switch bridge netfilter off: see backends/userspace/README.md. */
  readonly withoutBridgeNetfilter: boolean;
  /** Pods of this node see the address of clients from elsewhere. */
  readonly keepsClientAddress: boolean;
  /** Answer ARP only for addresses of the interface that is asked. */
  readonly strictARP: boolean;
}

/** What a Service wishes of the relay. */
export interface RelayWishes {
  /** fairway.dev/balancing; undefined for the agent's default. */
  readonly balancing: Balancing | undefined;
  /** fairway.dev/max-connections: at a time, for each port; undefined for no limit of its own. */
  readonly maxConnections: number | undefined;
  /** fairway.dev/proxy-protocol is v2. */
  readonly proxyProtocol: boolean;
}

/** The same, decided. */
export interface Relaying extends RelayWishes {
  readonly balancing: Balancing;
}

/** What the operator chose for ipvs mode. */
export interface IpvsPolicy {
  readonly scheduler: Scheduler;
  /** Those that this kernel has; undefined while nobody knows, as in a dry run. */
  readonly available: readonly Scheduler[] | undefined;
  /** Answer ARP only for addresses of the interface that is asked. */
  readonly strictARP: boolean;
  /** Seconds; 0 leaves the kernel's. */
  readonly timeouts: { readonly tcp: number; readonly tcpFin: number; readonly udp: number };
}

/** One ServicePort's wish for an address and port, or one Service's for an address as a whole. */
export interface Claim {
  readonly service: ServiceKey;
  /** The port's key; the Service's own for a whole address. */
  readonly claimant: PortKey | ServiceKey;
  readonly kind: DestinationKind;
  readonly createdAt: number;
}

/** What can be claimed: `10.96.0.1`, `10.96.0.1 80/TCP`, or `NodePort/4 30080/TCP`. */
export type ClaimKey = string & { readonly __brand: 'ClaimKey' };

/** Everything decided about the cluster, as this node must see it. Immutable. */
export interface Snapshot {
  readonly node: NodeInfo;
  readonly policy: Policy;
  /** Families this node can program. */
  readonly families: readonly Family[];
  readonly ports: SortedMap<PortKey, ServicePort>;
  readonly health: SortedMap<ServiceKey, ServiceHealth>;
  /** Contested addresses; what is wrong with single objects was reported when they were parsed. */
  readonly problems: SortedMap<ServiceKey, readonly Problem[]>;
  /** The Services that all of this was made from. */
  readonly services: SortedMap<ServiceKey, Service>;
  /** Who wants which address, the owner first: what the next Snapshot builds on. */
  readonly claims: SortedMap<ClaimKey, readonly Claim[]>;
}
