/** What another mode of ours, or kube-proxy, left on the node: how it is told, and what of it stays. */
import { parseIp } from '../net/address.ts';
import { FAMILIES } from '../net/family.ts';
import type { Family } from '../net/family.ts';
import type { Installed, Mode, ObjectKey } from '../backends/backend.ts';
import { isGateOpen } from './gate.ts';
import { chainKey, jumpsKey } from '../backends/iptables/names.ts';
import type { Table } from '../backends/iptables/names.ts';
import { entryOfService, parseIpvsKey, serviceKey } from '../backends/ipvs/names.ts';
import type { IpvsKey } from '../backends/ipvs/names.ts';
import type { Target } from '../backends/sets/addresses.ts';
import {
  DEVICE_KEY,
  dummyKey,
  keysFrom,
  memberKey,
  nftKey,
  ofKind,
  parseNodeKey,
  PORT_HOSTS,
  returnKey,
  routeKey,
  setKey,
} from '../backends/sets/names.ts';
import type { SetName } from '../backends/sets/names.ts';
import { SET_NAMES as IPVS_SETS } from '../backends/ipvs/names.ts';
import { SET_NAMES as RELAY_SETS } from '../backends/userspace/names.ts';

const OWN_SETS: Readonly<Record<Mode, readonly SetName[]>> = {
  iptables: [],
  ipvs: IPVS_SETS,
  userspace: RELAY_SETS,
};

/** Whether rules of another mode, or of kube-proxy, say where packets go. */
export function hasOthersRules(installed: Installed, mode: Mode): boolean {
  return FAMILIES.some((family) => {
    const has = (table: Table, name: string): boolean =>
      installed.has(chainKey(family, table, name));
    if (isGateOpen(installed, family)) return true;
    const isRelayed = has('mangle', 'KUBE-RELAY');
    const isTranslated = has('nat', 'KUBE-SERVICES');
    const isBalanced = has('nat', 'KUBE-VIP');
    if (mode === 'userspace') return isTranslated;
    return isRelayed || (isTranslated && isBalanced !== (mode === 'ipvs'));
  });
}

/** Whether anything is there that this mode's own plan would not know. */
export function hasLeftovers(installed: Installed, mode: Mode): boolean {
  if (hasOthersRules(installed, mode) || installed.has(DEVICE_KEY)) return true;
  return FAMILIES.some((family) => othersObjects(installed, mode, family));
}

function othersObjects(installed: Installed, mode: Mode, family: Family): boolean {
  const startsWith = (prefix: string): boolean => !isEmpty(keysFrom(installed, prefix));
  const number = String(family);
  if (mode === 'iptables') return startsWith(`${number}/ipvs/`) || startsWith(`${number}/node/`);
  if (mode === 'userspace' && startsWith(`${number}/ipvs/`)) return true;
  const kinds = ['dummy', 'relayed', ...(mode === 'ipvs' ? ['return'] : [])] as const;
  if (kinds.some((kind) => startsWith(`${number}/node/${kind}/`))) return true;
  if (installed.has(nftKey(family))) return true;
  const own = new Set<ObjectKey>(OWN_SETS[mode].map((name) => setKey(family, name)));
  for (const key of ofKind(installed, family, 'set')) if (!own.has(key)) return true;
  return false;
}

function isEmpty(keys: Iterable<unknown>): boolean {
  return [...take(keys)].length === 0;
}

function* take(keys: Iterable<unknown>): Iterable<unknown> {
  for (const key of keys) {
    yield key;
    return;
  }
}

/** Adds to `target` what connections of the mode before still need. */
export function keepRunning(target: Target, installed: Installed, mode: Mode): void {
  for (const family of FAMILIES) {
    // ipvs mode itself says what may end.
    if (mode !== 'ipvs') keepServers(target, installed, family);
    if (mode !== 'userspace') keepRelayed(target, installed, family);
  }
  if (!isEmpty(dummiesOf(target))) keep(target, installed, DEVICE_KEY);
}

function* dummiesOf(target: Target): Iterable<ObjectKey> {
  for (const family of FAMILIES) yield* ofKind(target, family, 'dummy');
}

/**
 * Virtual servers with connections; without them their packets would be dropped. Not so behind
 * NodePorts: IPVS tells conntrack the endpoint (`ip_vs_update_conntrack`), and from the second packet
 * on it is translation that leads there. UDP has no end that could be waited for.
 */
function keepServers(target: Target, installed: Installed, family: Family): void {
  for (const key of keysFrom(installed, `${String(family)}/ipvs/server/`)) {
    const text = installed.get(key) ?? '';
    const parsed = parseIpvsKey(key);
    if (parsed === undefined || !text.endsWith(' busy')) continue;
    if (parsed.name.startsWith('UDP ') || isPortHost(family, parsed.name)) continue;
    target.set(key, text);
    keepService(target, installed, parsed);
  }
}

function isPortHost(family: Family, name: string): boolean {
  const ip = /^\w+ \[?([^\]\s]+?)\]?:\d+ /.exec(name)?.[1];
  return Object.values(PORT_HOSTS[family]).some((host) => host === ip);
}

function keepService(target: Target, installed: Installed, { family, name }: IpvsKey): void {
  if (family === 0) return;
  const at = name.split(' ').slice(0, 2).join(' ');
  keep(target, installed, serviceKey(family, at));
  const entry = entryOfService(at);
  if (entry === undefined) {
    keepMarks(target, installed, family);
    return;
  }
  keep(target, installed, setKey(family, 'KUBE-VIP-OURS'));
  keep(target, installed, memberKey(family, 'KUBE-VIP-OURS', entry));
  keepAddress(target, installed, family, entry.slice(0, entry.lastIndexOf(',')));
}

/** The record of which virtual servers by mark are ours, and the addresses that lead to them. */
function keepMarks(target: Target, installed: Installed, family: Family): void {
  const set = setKey(family, 'KUBE-EXT-LOCAL');
  if (target.has(set)) return;
  keep(target, installed, set);
  for (const key of keysFrom(installed, memberKey(family, 'KUBE-EXT-LOCAL', ''))) {
    keep(target, installed, key);
    const entry = parseNodeKey(key)?.name.split(' ')[1] ?? '';
    keepAddress(target, installed, family, entry.slice(0, entry.lastIndexOf(',')));
  }
}

/** The route to it, ours or that of kube-proxy's device. */
function keepAddress(target: Target, installed: Installed, family: Family, text: string): void {
  const ip = parseIp(text);
  if (ip === undefined) return;
  keep(target, installed, routeKey(family, ip));
  // Where our route is, the device's address has done its part.
  if (!target.has(routeKey(family, ip))) keep(target, installed, dummyKey(family, ip));
}

/** Addresses at which the relay of the process before still has connections. */
function keepRelayed(target: Target, installed: Installed, family: Family): void {
  for (const key of ofKind(installed, family, 'relayed')) {
    keep(target, installed, key);
    keepAddress(target, installed, family, parseNodeKey(key)?.name ?? '');
    keepReturn(target, installed, family);
  }
}

/** Answers of endpoints to a relay that speaks as its clients. */
function keepReturn(target: Target, installed: Installed, family: Family): void {
  if (!installed.has(returnKey(family)) || target.has(returnKey(family))) return;
  keep(target, installed, returnKey(family));
  keep(target, installed, chainKey(family, 'mangle', 'KUBE-RETURN'));
  const jumps = jumpsKey(family, 'mangle', 'PREROUTING');
  const back = (installed.get(jumps) ?? '')
    .split('\n')
    .filter((jump) => jump.endsWith('KUBE-RETURN'));
  const others = target.get(jumps);
  target.set(jumps, [...(others === undefined ? [] : [others]), ...back].join('\n'));
  // By which sockets at the node's own addresses are known to be the relay's.
  keep(target, installed, setKey(family, 'KUBE-NP-TCP'));
  for (const key of keysFrom(installed, memberKey(family, 'KUBE-NP-TCP', ''))) {
    keep(target, installed, key);
  }
}

/** As it is, unless the mode wants it otherwise. */
function keep(target: Target, installed: Installed, key: ObjectKey): void {
  const text = installed.get(key);
  if (text !== undefined && !target.has(key)) target.set(key, text);
}
