/**
 * What the node shall hold: what is desired, less what this node's own addresses make harmful, and
 * besides what still ends. Computed from the desired state and what is there at every sync, so a
 * restart forgets nothing.
 */
import { ipInCidr, parseIp } from '../../net/address.ts';
import type { Cidr, Ip } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import { difference, edit } from '../../sorted/sortedMap.ts';
import type { Installed, ObjectKey, Rules } from '../backend.ts';
import { respectAddresses } from '../sets/addresses.ts';
import type { Target } from '../sets/addresses.ts';
import { addressKey, keysFrom, memberKey, routeKey } from '../sets/names.ts';
import { entryOfService, foreignKey, parseIpvsKey, serverKey, serviceKey } from './names.ts';
import type { IpvsKey } from './names.ts';

/** Virtual servers at `excluded` addresses are never removed. */
export function targetOf(
  installed: Installed,
  desired: Rules,
  excluded: readonly Cidr[],
): Installed {
  // The end: nothing may stay, not even for the sake of running connections.
  if (desired.size === 0) return desired;
  return edit(desired, (target) => {
    for (const family of [4, 6] as const) {
      respectAddresses(target, installed, family);
      respectOthers(target, installed, family);
    }
    for (const [key, text] of undesired(installed, desired)) {
      const parsed = parseIpvsKey(key);
      if (parsed === undefined) continue;
      if (isExcluded(parsed, desired, excluded)) keepExcluded(target, parsed, text);
      else if (parsed.kind === 'server' && isEnding(parsed, text)) {
        retain(target, installed, parsed);
      }
    }
  });
}

function undesired(
  installed: Installed,
  desired: Rules,
): readonly (readonly [ObjectKey, string])[] {
  const found: (readonly [ObjectKey, string])[] = [];
  difference(installed, desired, {
    added: () => undefined,
    removed: (key, text) => {
      found.push([key, text]);
    },
    changed: () => undefined,
  });
  return found;
}

/**
 * Where somebody else's virtual server stands already, ours is refused: it does not come into the
 * record, and its servers stay away. On a Service's address, other ports of theirs are let in, too.
 */
function respectOthers(target: Target, installed: Installed, family: Family): void {
  for (const key of [...keysFrom(installed, foreignKey(family, ''))]) {
    target.set(key, '');
    const at = parseIpvsKey(key)?.name ?? '';
    const entry = entryOfService(at);
    if (entry !== undefined) letIn(target, family, entry);
    for (const server of [...keysFrom(target, serverKey(family, at, ''))]) target.delete(server);
  }
}

function letIn(target: Target, family: Family, entry: string): void {
  target.delete(memberKey(family, 'KUBE-VIP-OURS', entry));
  if (!target.has(memberKey(family, 'KUBE-VIP', addressIn(entry)))) return;
  target.set(memberKey(family, 'KUBE-VIP-PORT', entry), '');
}

/** The address of `10.96.0.1,tcp:80`. */
function addressIn(entry: string): Ip {
  return entry.slice(0, entry.lastIndexOf(',')) as Ip;
}

/** Only what has no Service any more; endpoints of those that there are end as everywhere. */
function isExcluded(
  { family, kind, name }: IpvsKey,
  desired: Rules,
  excluded: readonly Cidr[],
): boolean {
  if (family === 0 || (kind !== 'service' && kind !== 'server')) return false;
  if (excluded.length === 0 || desired.has(serviceKey(family, serviceOf(name)))) return false;
  const ip = addressOf(name);
  return ip !== undefined && excluded.some((cidr) => ipInCidr(ip, cidr));
}

/** It stays ours, too: otherwise it would be a stranger's when its Service comes back. */
function keepExcluded(target: Target, { family, kind, name }: IpvsKey, text: string): void {
  if (family === 0) return;
  const entry = entryOfService(serviceOf(name));
  if (entry !== undefined) target.set(memberKey(family, 'KUBE-VIP-OURS', entry), '');
  const key = kind === 'service' ? serviceKey(family, name) : serverKeyOf(family, name);
  target.set(key, text);
}

/** `TCP 10.96.0.1:80` of a virtual or a real server's name. */
export function serviceOf(name: string): string {
  return name.split(' ').slice(0, 2).join(' ');
}

function serverKeyOf(family: Family, name: string): ObjectKey {
  return serverKey(family, serviceOf(name), name.split(' ')[2] ?? '');
}

/** The address in `TCP 10.96.0.1:80` or `TCP 10.96.0.1:80 10.244.1.2:8080`. */
function addressOf(name: string): Ip | undefined {
  return parseIp(/^\w+ \[?([^\]\s]+?)\]?:\d+(?: |$)/.exec(name)?.[1] ?? '');
}

/** Connections may still run; UDP has none, and its flows move at once. */
export function isEnding({ name }: IpvsKey, text: string): boolean {
  return !name.startsWith('UDP ') && text !== '0 idle' && text !== '0 overdue';
}

/**
 * Keep a real server without new connections, and its virtual server. Not behind an address that
 * is no Service's any more: another proxy, or a host of that name, must get its packets at once.
 */
function retain(target: Target, installed: Installed, { family, name }: IpvsKey): void {
  if (family === 0) return;
  const [protocol = '', address = '', endpoint = ''] = name.split(' ');
  const at = `${protocol} ${address}`;
  const entry = entryOfService(at);
  const service = serviceKey(family, at);
  if (!target.has(service)) {
    // A mark's record is an entry with other uses: what stays without it would be a stranger's.
    if (entry === undefined || !isOurAddress(target, family, entry)) return;
    target.set(service, installed.get(service) ?? '');
    target.set(memberKey(family, 'KUBE-VIP-OURS', entry), '');
  }
  target.set(serverKey(family, at, endpoint), '0');
}

/** Whether packets for the address of an entry still come to this node's stack. */
function isOurAddress(target: Target, family: Family, entry: string): boolean {
  const ip = addressIn(entry);
  return target.has(routeKey(family, ip)) || target.has(addressKey(family, ip));
}
