/**
 * The table that the userspace relay follows, as lines: the backend plans them as the input of a
 * program named RELAY, the dry run prints them, `relay/` reads them. One line sets or removes one
 * entry; a line stands alone, whatever the order:
 *
 *     service default/web:http/TCP/4 balancing=maglev affinity=- limit=100 proxy-protocol=- cluster=10.244.1.2:8080 local=- ending=-
 *     destination TCP/4 10.96.0.1:80 service=default/web:http/TCP/4 inside=cluster outside=cluster
 *     destination TCP/4 *:30080 service=default/web:http/TCP/4 inside=cluster outside=local
 *     node-ports 4 at=192.0.2.0/24
 *     no destination TCP/4 *:30080
 *     no service default/web:http/TCP/4
 */
import { familyOf, parseCidr, parseIp, socketText } from '../net/address.ts';
import type { Cidr, Ip } from '../net/address.ts';
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
  /** Endpoints that end but still serve, sorted: running UDP flows stay there, new ones never go. */
  readonly ending: readonly EndpointAddress[];
}

/** What tells one destination from another. */
export interface DestinationAddress {
  readonly protocol: RelayProtocol;
  readonly family: Family;
  /**
   * undefined: every address of this node that has no destination of its own (NodePorts), and of
   * those only what RelayNodePorts names.
   */
  readonly ip: string | undefined;
  readonly port: number;
}

/** Where clients dial, and whose endpoints they get. */
export interface RelayDestination extends DestinationAddress {
  /** Name of the RelayService. */
  readonly service: string;
  /** For this node itself and its pods. */
  readonly inside: EndpointList;
  /** For everyone else. */
  readonly outside: EndpointList;
}

/** Where NodePorts of a family are served; without such an entry at every address of this node. */
export interface RelayNodePorts {
  readonly family: Family;
  readonly at: readonly Cidr[];
}

/** What one line says. */
export type RelayLine =
  | { readonly kind: 'service'; readonly service: RelayService }
  | { readonly kind: 'destination'; readonly destination: RelayDestination }
  | { readonly kind: 'node-ports'; readonly nodePorts: RelayNodePorts }
  | { readonly kind: 'no-service'; readonly name: string }
  | { readonly kind: 'no-destination'; readonly address: DestinationAddress }
  | { readonly kind: 'no-node-ports'; readonly family: Family };

/** The address must be canonical. */
export function endpointAddress(ip: Ip, port: number): EndpointAddress {
  return socketText(ip, port) as EndpointAddress;
}

/** The inverse of endpointAddress; undefined for anything that it would not print. */
export function parseEndpoint(
  text: string,
): { readonly ip: Ip; readonly port: number } | undefined {
  const [, bracketed, plain = '', digits = ''] = SOCKET.exec(text) ?? [];
  const ip = parseIp(bracketed ?? plain);
  const port = parseNumber(digits, MAX_PORT);
  if (ip === undefined || !port) return undefined;
  return endpointAddress(ip, port) === text ? { ip, port } : undefined;
}

export function printService(service: RelayService): string {
  return [
    `service ${service.name}`,
    `balancing=${service.balancing}`,
    `affinity=${service.affinitySeconds ?? NONE}`,
    `limit=${service.maxConnections ?? NONE}`,
    `proxy-protocol=${service.proxyProtocol ? '2' : NONE}`,
    `cluster=${printList(service.cluster)}`,
    `local=${printList(service.local)}`,
    `ending=${printList(service.ending)}`,
  ].join(' ');
}

export function printDestination(destination: RelayDestination): string {
  const { service, inside, outside } = destination;
  return `destination ${printAddress(destination)} service=${service} inside=${inside} outside=${outside}`;
}

export function printNodePorts({ family, at }: RelayNodePorts): string {
  return `node-ports ${family} at=${printList(at)}`;
}

/** The line that removes what this line of one of the printers sets. */
export function printRemoval(line: string): string {
  const nameFrom = NAME_FROM[line.slice(0, line.indexOf(' '))] ?? 0;
  return `no ${line.slice(0, line.indexOf(' ', nameFrom))}`;
}

/** By their verbs, where lines have what tells them apart; all protocols are as long as `TCP/4 `. */
const NAME_FROM: Readonly<Record<string, number>> = {
  service: 'service '.length,
  destination: 'destination TCP/4 '.length,
  'node-ports': 'node-ports '.length,
};

/** The inverse of the printers; undefined for a line that none of them prints. */
export function parseLine(line: string): RelayLine | undefined {
  const [, verb = '', rest = ''] = VERB.exec(line) ?? [];
  return PARSERS[verb]?.(rest);
}

/** By verb, for what stands behind it. */
const PARSERS: Readonly<Record<string, (rest: string) => RelayLine | undefined>> = {
  service: parseService,
  destination: parseDestination,
  'node-ports': parseNodePorts,
  'no service': (name) => (NAME.test(name) ? { kind: 'no-service', name } : undefined),
  'no destination': (text) => {
    const address = parseAddress(text);
    return address && { kind: 'no-destination', address };
  },
  'no node-ports': (digit) =>
    FAMILY.test(digit) ? { kind: 'no-node-ports', family: Number(digit) as Family } : undefined,
};

const NONE = '-';
const MAX_PORT = 65_535;
const VERB = /^((?:no )?(?:service|destination|node-ports)) (.*)$/;
const FAMILY = /^[46]$/;
/** Namespace, Service, port and what it is; what the API server lets these names be. */
const NAME = /^[-a-z0-9]+\/[-.a-z0-9]+:[-a-z0-9]*\/(?:TCP|UDP)\/[46]$/;
const SERVICE =
  /^(\S+) balancing=(\S+) affinity=(\S+) limit=(\S+) proxy-protocol=([-2]) cluster=(\S+) local=(\S+) ending=(\S+)$/;
const DESTINATION = /^(\S+ \S+) service=(\S+) inside=(cluster|local) outside=(cluster|local)$/;
const NODE_PORTS = /^([46]) at=(\S+)$/;
const ADDRESS = /^(TCP|UDP)\/([46]) (?:\*:(\d+)|(\S+))$/;
const SOCKET = /^(?:\[([^\]]+)\]|([^:]+)):(\d+)$/;

function printList(entries: readonly string[]): string {
  return entries.length === 0 ? NONE : entries.join(',');
}

function printAddress({ protocol, family, ip, port }: DestinationAddress): string {
  const socket = ip === undefined ? `*:${port}` : endpointAddress(ip as Ip, port);
  return `${protocol}/${family} ${socket}`;
}

function parseService(text: string): RelayLine | undefined {
  const match = SERVICE.exec(text);
  if (match === null) return undefined;
  const [, name = '', balancing, , , proxyProtocol] = match;
  const known = BALANCINGS.find((each) => each === balancing);
  const [affinitySeconds, maxConnections] = match.slice(3, 5).map(parseOptional);
  const [cluster, local, ending] = match.slice(6).map(parseList);
  if (!NAME.test(name) || known === undefined || !cluster || !local || !ending) return undefined;
  if (affinitySeconds === null || maxConnections === null) return undefined;
  const lists = { cluster, local, ending };
  const rest = { affinitySeconds, maxConnections, proxyProtocol: proxyProtocol === '2' };
  return { kind: 'service', service: { name, balancing: known, ...rest, ...lists } };
}

function parseDestination(text: string): RelayLine | undefined {
  const [, socket = '', service = '', inside, outside] = DESTINATION.exec(text) ?? [];
  const address = parseAddress(socket);
  if (address === undefined || !NAME.test(service)) return undefined;
  const lists = { inside: inside as EndpointList, outside: outside as EndpointList };
  return { kind: 'destination', destination: { ...address, service, ...lists } };
}

function parseNodePorts(text: string): RelayLine | undefined {
  const [, digit, list = ''] = NODE_PORTS.exec(text) ?? [];
  const family = Number(digit) as Family;
  const at = list === NONE ? [] : list.split(',').map(parseCidr);
  const isList = at.every((cidr): cidr is Cidr => cidr !== undefined && familyOf(cidr) === family);
  if (digit === undefined || !isList || printList(at) !== list) return undefined;
  return { kind: 'node-ports', nodePorts: { family, at } };
}

function parseAddress(text: string): DestinationAddress | undefined {
  const [, protocol, digit, anyPort, socket = ''] = ADDRESS.exec(text) ?? [];
  const family = Number(digit) as Family;
  const known = { protocol: protocol as RelayProtocol, family };
  if (anyPort !== undefined) {
    const port = parseNumber(anyPort, MAX_PORT);
    return port ? { ...known, ip: undefined, port } : undefined;
  }
  const found = parseEndpoint(socket);
  return found && familyOf(found.ip) === family ? { ...known, ...found } : undefined;
}

function parseList(text: string): readonly EndpointAddress[] | undefined {
  if (text === NONE) return [];
  const endpoints = text.split(',');
  const isList = endpoints.every((each) => parseEndpoint(each) !== undefined);
  return isList ? (endpoints as EndpointAddress[]) : undefined;
}

/** undefined for none, null for what is no number. */
function parseOptional(text: string): number | undefined | null {
  return text === NONE ? undefined : (parseNumber(text, Number.MAX_SAFE_INTEGER) ?? null);
}

/** Digits as they are printed: no sign, no leading zero. */
function parseNumber(digits: string, most: number): number | undefined {
  if (!/^(?:0|[1-9]\d{0,15})$/.test(digits)) return undefined;
  const value = Number(digits);
  return value <= most ? value : undefined;
}
