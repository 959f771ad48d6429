/**
 * What is ours on the node in ipvs mode, and how it is called. The set `KUBE-VIP-OURS` is the
 * record of which virtual servers are ours: an entry stands before its virtual server is made and
 * goes after it, so that a process which dies in between still knows.
 */
import type { Protocol } from '../../model/types.ts';
import type { Ip } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import type { ObjectKey } from '../backend.ts';

/** `protocol` of our routes in the table `local` (rtnetlink(7): 4 to 255 are free to use). */
export const ROUTE_PROTOCOL = '142';

/**
 * Where NodePorts are sent to, whatever the node's addresses are: `any` for clients under the
 * traffic policy, `inside` for this node's own clients when the policy is Local. Addresses that no
 * network has: RFC 7600's dummy and its neighbour in the same reserved block, RFC 6666's discard.
 */
export const PORT_HOSTS: Readonly<Record<Family, { readonly any: Ip; readonly inside: Ip }>> = {
  4: { any: '192.0.0.8' as Ip, inside: '192.0.0.9' as Ip },
  6: { any: '100::8' as Ip, inside: '100::9' as Ip },
};

/** Both of them. */
export const PORT_HOST_RANGE: Readonly<Record<Family, string>> = {
  4: '192.0.0.8/31',
  6: '100::8/127',
};

export const SET_TYPES = {
  /** Every address that is only a Service's. */
  'KUBE-VIP': 'hash:ip',
  /** Address and port of every virtual server of ours, also one that only ends its connections. */
  'KUBE-VIP-OURS': 'hash:ip,port',
  /** Those of them that take new connections; all others are refused. */
  'KUBE-VIP-PORT': 'hash:ip,port',
  /** Policy Local without an endpoint here. */
  'KUBE-VIP-DROP': 'hash:ip,port',
  /** External, without any endpoint: refused also where the address is one of the node. */
  'KUBE-VIP-REFUSE': 'hash:ip,port',
  /** Reached from outside under policy Cluster: always masqueraded. */
  'KUBE-EXT': 'hash:ip,port',
  /** Reached from outside under policy Local, with the mark that leads our own clients elsewhere. */
  'KUBE-EXT-LOCAL': 'hash:ip,port skbinfo',
  /** Guarded by source ranges, and the sources that may pass. */
  'KUBE-GUARD': 'hash:ip,port',
  'KUBE-GUARD-SRC': 'hash:ip,port,net',
  'KUBE-NP-TCP': 'bitmap:port',
  'KUBE-NP-UDP': 'bitmap:port',
  'KUBE-NP-SCTP': 'bitmap:port',
  'KUBE-NPL-TCP': 'bitmap:port',
  'KUBE-NPL-UDP': 'bitmap:port',
  'KUBE-NPL-SCTP': 'bitmap:port',
  'KUBE-HEALTH': 'bitmap:port',
} as const;

export type SetName = keyof typeof SET_TYPES;
export const SET_NAMES = Object.keys(SET_TYPES) as readonly SetName[];

/** A set's name on the node: one set of each kind for each family. */
export function setOf(family: Family, name: SetName): string {
  return family === 4 ? name : `${name}-6`;
}

/** How the set is made, without its limits: what can be read back. */
export function setText(family: Family, name: SetName): string {
  const [type = '', ...options] = SET_TYPES[name].split(' ');
  if (type === 'bitmap:port') return 'bitmap:port range 0-65535';
  return [type, 'family', family === 4 ? 'inet' : 'inet6', ...options].join(' ');
}

/** What one of our keys names: see the makers below. */
export type IpvsKind =
  'set' | 'member' | 'route' | 'service' | 'server' | 'address' | 'foreign' | 'sysctl' | 'timeouts';

function key(family: Family | 0, kind: IpvsKind, name: string): ObjectKey {
  return `${String(family)}/ipvs/${kind}/${name}` as ObjectKey;
}

export function setKey(family: Family, name: SetName): ObjectKey {
  return key(family, 'set', setOf(family, name));
}

export function memberKey(family: Family, name: SetName, entry: string): ObjectKey {
  return key(family, 'member', `${setOf(family, name)} ${entry}`);
}

/** The local route that brings packets for `ip` to the node's own stack. */
export function routeKey(family: Family, ip: Ip): ObjectKey {
  return key(family, 'route', ip);
}

/** A virtual server: `TCP 10.96.0.1:80`, `UDP [fd00::1]:53` or `FWM 4711`. */
export function serviceKey(family: Family, address: string): ObjectKey {
  return key(family, 'service', address);
}

export function serverKey(family: Family, address: string, endpoint: string): ObjectKey {
  return key(family, 'server', `${address} ${endpoint}`);
}

/** An address of an interface of this node; only ever read. */
export function addressKey(family: Family, ip: string): ObjectKey {
  return key(family, 'address', ip);
}

/** Somebody else's virtual server; only ever read. */
export function foreignKey(family: Family, address: string): ObjectKey {
  return key(family, 'foreign', address);
}

export function ipvsSysctlKey(name: string): ObjectKey {
  return key(0, 'sysctl', name);
}

/** Seconds that idle TCP, closing TCP and UDP connections are kept. */
export const TIMEOUTS_KEY = key(0, 'timeouts', '');

export interface IpvsKey {
  readonly family: Family | 0;
  readonly kind: IpvsKind;
  readonly name: string;
}

/** The inverse of the makers above; undefined for a key of the iptables part. */
export function parseIpvsKey(objectKey: ObjectKey): IpvsKey | undefined {
  const [, family, kind, name] = /^(\d)\/ipvs\/(\w+)\/(.*)$/.exec(objectKey) ?? [];
  if (family === undefined || kind === undefined || name === undefined) return undefined;
  return { family: Number(family) as Family | 0, kind: kind as IpvsKind, name };
}

/** Whether finding this after a clean-up means that it was not clean. */
export function isIpvsLeftover(objectKey: ObjectKey): boolean {
  const kind = parseIpvsKey(objectKey)?.kind;
  return kind !== undefined && ['set', 'route', 'service', 'server'].includes(kind);
}

/** `10.96.0.1:80`, `[fd00::1]:80`, as ipvsadm prints it. */
export function socketText(ip: Ip, port: number): string {
  return ip.includes(':') ? `[${ip}]:${String(port)}` : `${ip}:${String(port)}`;
}

/** `10.96.0.1,tcp:80`, as ipset prints it. */
export function entryText(ip: Ip, protocol: Protocol, port: number): string {
  return `${ip},${protocol.toLowerCase()}:${String(port)}`;
}

/** The set entry of a virtual server by address, from its name in keys; undefined for a mark. */
export function entryOfService(name: string): string | undefined {
  const [, protocol, ip, port] = /^(TCP|UDP|SCTP) \[?([^\]]+?)\]?:(\d+)$/.exec(name) ?? [];
  if (protocol === undefined || ip === undefined || port === undefined) return undefined;
  return `${ip},${protocol.toLowerCase()}:${port}`;
}
