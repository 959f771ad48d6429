/**
 * The table that the userspace relay follows, as lines: the backend plans them as the input of a
 * program named RELAY, the dry run prints them, `relay/` reads them. One line sets or removes one
 * entry; a line stands alone.
 */
import type { Family } from '../net/family.ts';

/** The name under which a Plan speaks to the relay inside the agent; no program of the node. */
export const RELAY = 'fairway-relay';

export const BALANCINGS = ['round-robin', 'random', 'least-connections', 'maglev'] as const;
export type Balancing = (typeof BALANCINGS)[number];

export type RelayProtocol = 'TCP' | 'UDP';

/** An endpoint as `10.244.1.2:8080` or `[fd00::2]:8080`: how it is dialled. */
export type EndpointAddress = string & { readonly __brand: 'EndpointAddress' };

/** Which of a ServicePort's two lists of endpoints a client gets. */
export type EndpointList = 'cluster' | 'local';

/** What all destinations of one ServicePort share. */
export interface RelayService {
  /** The PortKey: `default/web:http/TCP/4`. */
  readonly name: string;
  readonly balancing: Balancing;
  /** Seconds of ClientIP affinity; undefined for none. */
  readonly affinitySeconds: number | undefined;
  /** Most connections at a time, UDP flows too; undefined for no limit of its own. */
  readonly maxConnections: number | undefined;
  /** Whether a TCP connection to the endpoint begins with a PROXY protocol v2 header. */
  readonly proxyProtocol: boolean;
  /** Usable endpoints under policy Cluster, sorted. */
  readonly cluster: readonly EndpointAddress[];
  /** Usable endpoints on this node, sorted. */
  readonly local: readonly EndpointAddress[];
}

/** Where clients dial, and whose endpoints they get. */
export interface RelayDestination {
  readonly protocol: RelayProtocol;
  readonly family: Family;
  /** undefined: every address of this node that has no destination of its own (NodePorts). */
  readonly ip: string | undefined;
  readonly port: number;
  /** Name of the RelayService. */
  readonly service: string;
  /** For this node itself and its pods. */
  readonly inside: EndpointList;
  /** For everyone else. */
  readonly outside: EndpointList;
}
