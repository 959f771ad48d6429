/**
 * What is ours on the node in ipvs mode, and how it is called. The set `KUBE-VIP-OURS` is the
 * record of which virtual servers are ours: an entry stands before its virtual server is made and
 * goes after it, so that a process which dies in between still knows.
 */
import type { Family } from '../../net/family.ts';
import type { ObjectKey } from '../backend.ts';
import { isNodeLeftover } from '../sets/names.ts';
import type { SetName } from '../sets/names.ts';

/** Both of them. */
export const PORT_HOST_RANGE: Readonly<Record<Family, string>> = {
  4: '192.0.0.8/31',
  6: '100::8/127',
};

export const SET_NAMES: readonly SetName[] = [
  ...(['KUBE-VIP', 'KUBE-VIP-OURS', 'KUBE-VIP-PORT', 'KUBE-VIP-DROP', 'KUBE-VIP-REFUSE'] as const),
  ...(['KUBE-EXT', 'KUBE-EXT-LOCAL', 'KUBE-GUARD', 'KUBE-GUARD-SRC'] as const),
  ...(['KUBE-NP-TCP', 'KUBE-NP-UDP', 'KUBE-NP-SCTP'] as const),
  ...(['KUBE-NPL-TCP', 'KUBE-NPL-UDP', 'KUBE-NPL-SCTP', 'KUBE-HEALTH'] as const),
];

/** What one of our keys names: see the makers below. */
export type IpvsKind = 'service' | 'server' | 'foreign' | 'sysctl' | 'timeouts';

function key(family: Family | 0, kind: IpvsKind, name: string): ObjectKey {
  return `${String(family)}/ipvs/${kind}/${name}` as ObjectKey;
}

/** A virtual server: `TCP 10.96.0.1:80`, `UDP [fd00::1]:53` or `FWM 4711`. */
export function serviceKey(family: Family, address: string): ObjectKey {
  return key(family, 'service', address);
}

export function serverKey(family: Family, address: string, endpoint: string): ObjectKey {
  return key(family, 'server', `${address} ${endpoint}`);
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

/** The inverse of the makers above; undefined for any other key. */
export function parseIpvsKey(objectKey: ObjectKey): IpvsKey | undefined {
  const [, family, kind, name] = /^(\d)\/ipvs\/(\w+)\/(.*)$/.exec(objectKey) ?? [];
  if (family === undefined || kind === undefined || name === undefined) return undefined;
  return { family: Number(family) as Family | 0, kind: kind as IpvsKind, name };
}

/** Whether finding this after a clean-up means that it was not clean. */
export function isIpvsLeftover(objectKey: ObjectKey): boolean {
  const kind = parseIpvsKey(objectKey)?.kind;
  return kind === 'service' || kind === 'server' || isNodeLeftover(objectKey);
}

/** The set entry of a virtual server by address, from its name in keys; undefined for a mark. */
export function entryOfService(name: string): string | undefined {
  const [, protocol, ip, port] = /^(TCP|UDP|SCTP) \[?([^\]]+?)\]?:(\d+)$/.exec(name) ?? [];
  if (protocol === undefined || ip === undefined || port === undefined) return undefined;
  return `${ip},${protocol.toLowerCase()}:${port}`;
}
