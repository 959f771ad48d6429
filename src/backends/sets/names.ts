/**
 * ipsets and routes of Services' addresses, which ipvs mode and userspace mode both have: what is
 * ours on the node, and how it is called.
 */
import type { Protocol } from '../../model/types.ts';
import type { Ip } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import type { Installed, ObjectKey } from '../backend.ts';

export type NamedObject = readonly [ObjectKey, string];

/** `protocol` of our routes in the table `local` (rtnetlink(7): 4 to 255 are free to use). */
export const ROUTE_PROTOCOL = '142';

/**
 * Where NodePorts are sent to in ipvs mode, whatever the node's addresses are, and where the relay
 * listens in userspace mode: `any` for clients under the traffic policy, `inside` for this node's
 * own clients when the policy is Local. Addresses that no network has: RFC 7600's dummy and its
 * neighbour in the same reserved block, RFC 6666's discard.
 */
export const PORT_HOSTS: Readonly<Record<Family, { readonly any: Ip; readonly inside: Ip }>> = {
  4: { any: '192.0.0.8' as Ip, inside: '192.0.0.9' as Ip },
  6: { any: '100::8' as Ip, inside: '100::9' as Ip },
};

/** Those of either mode; each makes and reads only its own. */
const SET_TYPES = {
  /** Every address that is only a Service's. */
  'KUBE-VIP': 'hash:ip',
  /** ipvs: address and port of every virtual server of ours, also one that only ends. */
  'KUBE-VIP-OURS': 'hash:ip,port',
  /** Addresses and ports that take new connections; all others are refused. */
  'KUBE-VIP-PORT': 'hash:ip,port',
  /** Policy Local without an endpoint here. */
  'KUBE-VIP-DROP': 'hash:ip,port',
  /** External, without any endpoint: refused also where the address is one of the node. */
  'KUBE-VIP-REFUSE': 'hash:ip,port',
  /** ipvs: reached from outside under policy Cluster: always masqueraded. */
  'KUBE-EXT': 'hash:ip,port',
  /** ipvs: the same under policy Local, with the mark that leads our own clients elsewhere. */
  'KUBE-EXT-LOCAL': 'hash:ip,port skbinfo',
  /** Guarded by source ranges, and the sources that may pass. */
  'KUBE-GUARD': 'hash:ip,port',
  'KUBE-GUARD-SRC': 'hash:ip,port,net',
  /** NodePorts; in ipvs mode those under policy Cluster, in userspace mode all that are served. */
  'KUBE-NP-TCP': 'bitmap:port',
  'KUBE-NP-UDP': 'bitmap:port',
  'KUBE-NP-SCTP': 'bitmap:port',
  /** ipvs: under policy Local. */
  'KUBE-NPL-TCP': 'bitmap:port',
  'KUBE-NPL-UDP': 'bitmap:port',
  'KUBE-NPL-SCTP': 'bitmap:port',
  /** userspace: under policy Local without an endpoint here, so that outsiders are dropped. */
  'KUBE-NP-DROP-TCP': 'bitmap:port',
  'KUBE-NP-DROP-UDP': 'bitmap:port',
  'KUBE-HEALTH': 'bitmap:port',
} as const;

export type SetName = keyof typeof SET_TYPES;

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

/** A rule's match: whether the set has the packet's destination, or with `not` has it not. */
export function inSet(family: Family, name: SetName, directions: string, not = ''): string {
  return `-m set ${not}--match-set ${setOf(family, name)} ${directions}`;
}

/** What one of our keys names: see the makers below. */
export type NodeKind =
  'set' | 'member' | 'route' | 'return' | 'address' | 'dummy' | 'device' | 'nft' | 'relayed';

function key(family: Family, kind: NodeKind, name: string): ObjectKey {
  return `${String(family)}/node/${kind}/${name}` as ObjectKey;
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

/** The routing table that brings answers for clients' addresses back to this node's stack. */
export const RETURN_TABLE = '142';

/** That table and the rule which leads there; its text is the mark: `0x4001/0x4001`. */
export function returnKey(family: Family): ObjectKey {
  return key(family, 'return', RETURN_TABLE);
}

/** Behind the mark where the rule is there, but not the route. */
export const WITHOUT_ROUTE = ' without route';

/** An address of an interface of this node; only ever read. */
export function addressKey(family: Family, ip: string): ObjectKey {
  return key(family, 'address', ip);
}

/** kube-proxy's device in its IPVS mode; its addresses are Services', and no node's own. */
export const DUMMY_DEVICE = 'kube-ipvs0';

/** An address on that device. */
export function dummyKey(family: Family, ip: string): ObjectKey {
  return key(family, 'dummy', ip);
}

/** The device itself, which has no family. */
export const DEVICE_KEY = key(4, 'device', DUMMY_DEVICE);

/** A set of kube-proxy's; it goes with the others. */
export function strangerSetKey(name: string): ObjectKey {
  return key(4, 'set', name);
}

/** kube-proxy's table in its nftables mode, one for each family. */
export function nftKey(family: Family): ObjectKey {
  return key(family, 'nft', 'kube-proxy');
}

/** An address at which connections of a relay still run; only ever read. */
export function relayedKey(family: Family, ip: string): ObjectKey {
  return key(family, 'relayed', ip);
}

export interface NodeKey {
  readonly family: Family;
  readonly kind: NodeKind;
  readonly name: string;
}

/** The inverse of the makers above; undefined for any other key. */
export function parseNodeKey(objectKey: ObjectKey): NodeKey | undefined {
  const [, family, kind, name] = /^([46])\/node\/(\w+)\/(.*)$/.exec(objectKey) ?? [];
  if (family === undefined || kind === undefined || name === undefined) return undefined;
  return { family: Number(family) as Family, kind: kind as NodeKind, name };
}

/** Whether finding this after a clean-up means that it was not clean. */
export function isNodeLeftover(objectKey: ObjectKey): boolean {
  const kind = parseNodeKey(objectKey)?.kind;
  return kind !== undefined && LEFTOVERS.has(kind);
}

const LEFTOVERS: ReadonlySet<NodeKind> = new Set<NodeKind>([
  ...(['set', 'route', 'return', 'dummy', 'device', 'nft'] as const),
]);

/** Keys of `map` that begin with this prefix. */
export function* keysFrom(map: Installed, prefix: string): Iterable<ObjectKey> {
  for (const [each] of map.entriesFrom(prefix as ObjectKey)) {
    if (!each.startsWith(prefix)) return;
    yield each;
  }
}

/** Keys of one kind in one family. */
export function ofKind(map: Installed, family: Family, kind: NodeKind): Iterable<ObjectKey> {
  return keysFrom(map, key(family, kind, ''));
}

/** `10.96.0.1,tcp:80`, as ipset prints it. */
export function entryText(ip: Ip, protocol: Protocol, port: number): string {
  return `${ip},${protocol.toLowerCase()}:${String(port)}`;
}
