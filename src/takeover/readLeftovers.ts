/** What of other modes, and of kube-proxy, is on the node beside iptables rules. */
import { familyOf, parseIp } from '../net/address.ts';
import { FAMILIES } from '../net/family.ts';
import type { Family } from '../net/family.ts';
import type { Mode, NodeReader } from '../backends/backend.ts';
import { parseIpvsKey, SET_NAMES as IPVS_SETS } from '../backends/ipvs/names.ts';
import { busyText, parseServers } from '../backends/ipvs/parseServers.ts';
import {
  DEVICE_KEY,
  DUMMY_DEVICE,
  memberKey,
  nftKey,
  parseNodeKey,
  relayedKey,
  ROUTE_PROTOCOL,
  routeKey,
  setKey,
  strangerSetKey,
} from '../backends/sets/names.ts';
import type { NamedObject } from '../backends/sets/names.ts';
import {
  parseAddresses,
  parseRoutes,
  parseSets,
  parseSockets,
} from '../backends/sets/parseTools.ts';
import { readReturns } from '../backends/sets/readNode.ts';
import { SET_NAMES as RELAY_SETS } from '../backends/userspace/names.ts';
import { isKubeProxySet } from './kubeProxy.ts';

/** For this mode; what it reads itself may be among it. */
export async function readLeftovers(
  node: NodeReader,
  families: readonly Family[],
  mode: Mode,
): Promise<readonly NamedObject[]> {
  const sets = await readSets(node);
  const routes = await readRoutes(node, families);
  const found = [...sets, ...routes, ...(await readDevice(node, families))];
  if (mode !== 'ipvs' && sets.some(([key]) => isRecord(key))) {
    found.push(...(await readServers(node, sets)));
  }
  if (mode !== 'userspace') {
    const returns = await readReturns(node, families);
    found.push(...returns, ...(await readRelayed(node, new Map([...sets, ...routes, ...returns]))));
  }
  found.push(...(await readNftables(node)));
  // On a node of another mode, all addresses are the node's own business.
  return found.filter(([key]) => parseNodeKey(key)?.kind !== 'address');
}

function isRecord(key: string): boolean {
  return FAMILIES.some((family) =>
    [setKey(family, 'KUBE-VIP-OURS'), setKey(family, 'KUBE-EXT-LOCAL')].some(
      (each) => each === key,
    ),
  );
}

function isOurs([key]: NamedObject): boolean {
  return !key.includes('/ipvs/foreign/');
}

/** Ours, and which have connections that are not at their end yet. */
async function readServers(
  node: NodeReader,
  sets: readonly NamedObject[],
): Promise<readonly NamedObject[]> {
  const servers = parseServers(await node.list('ipvsadm', ['-Ln']), sets, busyText).filter(isOurs);
  if (!servers.some(([, text]) => text.endsWith(' busy'))) return servers;
  const running = runningAt(await node.list('ipvsadm', ['-Lnc']));
  return servers.map(([key, text]): NamedObject => {
    const name = parseIpvsKey(key)?.name ?? '';
    const isOver = name.startsWith('TCP ') && text.endsWith(' busy') && !running.has(name);
    return [key, isOver ? text.replace(/busy$/, 'idle') : text];
  });
}

/**
 * `TCP 14:59 ESTABLISHED 10.244.1.12:47300 10.96.0.10:80 10.244.1.11:7000`: virtual and real servers
 * with a connection that may still carry something.
 */
function runningAt(connections: string): ReadonlySet<string> {
  const lines = connections.matchAll(/^TCP +\S+ +(\S+) +\S+ +(\S+) +(\S+)/gm);
  return new Set(
    Array.from(lines, ([, state = '', virtual = '', real = '']) =>
      /^(?:TIME_WAIT|CLOSE)$/.test(state) ? '' : `TCP ${virtual} ${real}`,
    ),
  );
}

async function readSets(node: NodeReader): Promise<readonly NamedObject[]> {
  const names = (await node.list('ipset', ['list', '-name'])).split('\n');
  const others = names.filter(isKubeProxySet);
  const ours = new Set<string>(
    [...IPVS_SETS, ...RELAY_SETS].flatMap((name) => [name, `${name}-6`]),
  );
  const strangers = others.map((name): NamedObject => [strangerSetKey(name), 'of kube-proxy']);
  if (!names.some((name) => ours.has(name))) return strangers;
  const save = await node.list('ipset', ['save']);
  return [...parseSets(save, [...new Set([...IPVS_SETS, ...RELAY_SETS])]), ...strangers];
}

async function readRoutes(
  node: NodeReader,
  families: readonly Family[],
): Promise<readonly NamedObject[]> {
  const found: NamedObject[] = [];
  for (const family of families) {
    const ours = ['route', 'show', 'table', 'local', 'proto', ROUTE_PROTOCOL];
    found.push(...parseRoutes(await node.list('ip', [`-${String(family)}`, ...ours]), family));
  }
  return found;
}

async function readDevice(
  node: NodeReader,
  families: readonly Family[],
): Promise<readonly NamedObject[]> {
  const links = await node.list('ip', ['-o', 'link', 'show']);
  if (!links.includes(`: ${DUMMY_DEVICE}:`)) return [];
  const found: NamedObject[] = [[DEVICE_KEY, '']];
  for (const family of families) {
    const list = await node.list('ip', [`-${String(family)}`, '-o', 'addr', 'show']);
    found.push(...parseAddresses(list, family));
  }
  // Its own link-local address goes with it.
  return found.filter(([key]) => !key.includes('/dummy/fe80:'));
}

/** Addresses at which the relay of another process has connections, as the node's sockets say. */
async function readRelayed(
  node: NodeReader,
  found: ReadonlyMap<string, string>,
): Promise<readonly NamedObject[]> {
  if (![...found.keys()].some((key) => /\/node\/(?:route|return)\//.test(key))) return [];
  const args = ['-Htn', 'exclude', 'listening', 'exclude', 'time-wait', 'exclude', 'closed'];
  const relayed = new Map<string, NamedObject>();
  for (const [text, port] of parseSockets(await node.list('ss', args))) {
    const ip = parseIp(text);
    if (ip === undefined) continue;
    const family = familyOf(ip);
    const nodePort = memberKey(family, 'KUBE-NP-TCP', String(port));
    if (found.has(routeKey(family, ip)) || found.has(nodePort))
      relayed.set(ip, [relayedKey(family, ip), '']);
  }
  return [...relayed.values()];
}

async function readNftables(node: NodeReader): Promise<readonly NamedObject[]> {
  const tables = await listOrNothing(node, 'nft', ['list', 'tables']);
  const found = Array.from(tables.matchAll(/^table (ip6?) kube-proxy$/gm), ([, name]) =>
    name === 'ip' ? 4 : 6,
  );
  return found.map((family): NamedObject => [nftKey(family), '']);
}

/** Whoever has no nft has no table of it. */
async function listOrNothing(
  node: NodeReader,
  program: string,
  args: readonly string[],
): Promise<string> {
  try {
    return await node.list(program, args);
  } catch {
    return '';
  }
}
