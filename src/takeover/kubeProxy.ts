/** What is kube-proxy's: names of its IPVS mode, and which virtual servers are its own. */
import { FAMILIES } from '../net/family.ts';
import type { Family } from '../net/family.ts';
import type { RunOperation } from '../plan/operation.ts';
import type { NodeReader } from '../backends/backend.ts';
import { entryOfService, parseIpvsKey } from '../backends/ipvs/names.ts';
import { parseServers } from '../backends/ipvs/parseServers.ts';
import { DUMMY_DEVICE, parseNodeKey, setOf, setText } from '../backends/sets/names.ts';
import { parseAddresses } from '../backends/sets/parseTools.ts';
import { lineOperation } from '../backends/sets/restore.ts';

const SETS = [
  ...['KUBE-LOOP-BACK', 'KUBE-CLUSTER-IP', 'KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL'],
  ...['KUBE-LOAD-BALANCER', 'KUBE-LOAD-BALANCER-LOCAL', 'KUBE-LOAD-BALANCER-FW'],
  ...['KUBE-LOAD-BALANCER-SOURCE-IP', 'KUBE-LOAD-BALANCER-SOURCE-CIDR', 'KUBE-IPVS-IPS'],
  ...['KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT-LOCAL-TCP', 'KUBE-HEALTH-CHECK-NODE-PORT'],
  ...['KUBE-NODE-PORT-UDP', 'KUBE-NODE-PORT-LOCAL-UDP'],
  ...['KUBE-NODE-PORT-SCTP-HASH', 'KUBE-NODE-PORT-LOCAL-SCTP-HASH'],
];

/** Those of IPv6 have `6-` behind `KUBE-`, and what is longer than ipset allows is cut off. */
const ALL_SETS: ReadonlySet<string> = new Set([
  ...SETS,
  ...SETS.map((name) => name.replace('KUBE-', 'KUBE-6-').slice(0, 31)),
]);

export function isKubeProxySet(name: string): boolean {
  return ALL_SETS.has(name);
}

/**
 * Its virtual servers as entries of our record, so that they are taken over as if we had made them:
 * those at addresses of its device, and at node ports that its sets have. Nothing, where there is no
 * such device. Doing it again changes nothing.
 */
export async function adoption(node: NodeReader): Promise<readonly RunOperation[]> {
  const links = await node.list('ip', ['-o', 'link', 'show']);
  if (!links.includes(`: ${DUMMY_DEVICE}:`)) return [];
  const addresses = await node.list('ip', ['-o', 'addr', 'show']);
  const sets = await node.list('ipset', ['save']);
  const servers = await node.list('ipvsadm', ['-Ln']);
  return lineOperation(
    "kube-proxy's virtual servers, to be taken over",
    ['ipset', 'restore', '-exist'],
    FAMILIES.flatMap((family) => recordLines(family, { addresses, sets, servers })),
  );
}

interface Found {
  readonly addresses: string;
  readonly sets: string;
  readonly servers: string;
}

function recordLines(family: Family, { addresses, sets, servers }: Found): readonly string[] {
  const set = setOf(family, 'KUBE-VIP-OURS');
  const dummies = new Set<string>();
  for (const [key] of parseAddresses(addresses, family)) {
    const parsed = parseNodeKey(key);
    if (parsed?.kind === 'dummy') dummies.add(parsed.name);
  }
  const ports = nodePorts(sets, family);
  const isTheirs = (entry: string): boolean => {
    const [ip = '', port = ''] = entry.split(',');
    return dummies.has(ip) || ports.has(port);
  };
  const entries = entriesOf(servers, family).filter(isTheirs);
  if (entries.length === 0) return [];
  const created = `create ${set} ${setText(family, 'KUBE-VIP-OURS')} maxelem 1048576`;
  return [created, ...entries.map((entry) => `add ${set} ${entry}`)];
}

/** All virtual servers by address: `10.96.0.1,tcp:80`. */
function entriesOf(servers: string, family: Family): readonly string[] {
  return parseServers(servers, []).flatMap(([key]) => {
    const parsed = parseIpvsKey(key);
    return (parsed?.family === family ? entryOfService(parsed.name) : undefined) ?? [];
  });
}

/** `tcp:30080`, as entries have it. */
function nodePorts(save: string, family: Family): ReadonlySet<string> {
  const prefix = family === 4 ? 'KUBE-NODE-PORT' : 'KUBE-6-NODE-PORT';
  const found = new Set<string>();
  for (const line of save.split('\n')) {
    const [, protocol, hash] =
      new RegExp(`^add ${prefix}(?:-LOCAL)?-(TCP|UDP|SCTP)(?:-HASH?)? (\\S+)`).exec(line) ?? [];
    const port = /\d+$/.exec(hash ?? '')?.[0];
    if (protocol !== undefined && port !== undefined)
      found.add(`${protocol.toLowerCase()}:${port}`);
  }
  return found;
}
