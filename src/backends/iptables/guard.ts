/**
 * The static part: entry chains, masquerade, forwarding and the guards. Its size does not depend
 * on how many Services there are. README.md beside this file draws the path of a packet.
 */
import type { NodePortAddresses, Policy } from '../../model/types.ts';
import { familyOf } from '../../net/address.ts';
import type { Cidr } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import type { ObjectKey } from '../backend.ts';
import { localSourceMatches } from './localDetector.ts';
import { chainKey, jumpsKey } from './names.ts';
import type { Table } from './names.ts';
import { ROUTE_LOCALNET, switched, TCP_BE_LIBERAL } from './switches.ts';

export type StaticObject = readonly [ObjectKey, string];

export const NEW_FLOWS = '-m conntrack --ctstate NEW';

/** Which of our chains each built-in chain calls, in order; comments are kube-proxy's. */
function jumps(table: Table, policy: Policy): Readonly<Record<string, readonly string[]>> {
  const portals = '-m comment --comment "kubernetes service portals"';
  if (table === 'nat') {
    return {
      PREROUTING: [`${portals} -j KUBE-SERVICES`],
      OUTPUT: [`${portals} -j KUBE-SERVICES`],
      POSTROUTING: ['-m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING'],
    };
  }
  const guard = policy.localhostNodePorts ? ['-j KUBE-LOCALNET'] : [];
  const services = `${NEW_FLOWS} ${portals} -j KUBE-SERVICES`;
  const health = '-m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS';
  return {
    INPUT: [...guard, health, services],
    FORWARD: [services, '-m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD'],
    OUTPUT: [...guard, services],
  };
}

/** Every static object of one family. */
export function staticObjects(operatorPolicy: Policy, family: Family): readonly StaticObject[] {
  const policy = familyPolicy(operatorPolicy, family);
  const objects: StaticObject[] = [
    chain(family, 'nat', 'KUBE-SERVICES', serviceRules(policy, family)),
    chain(family, 'nat', 'KUBE-DISPATCH', dispatchRules(policy, family)),
    chain(family, 'nat', 'KUBE-MARK-MASQ', [setMark(policy)]),
    chain(family, 'nat', 'KUBE-POSTROUTING', postroutingRules(policy, family)),
    chain(family, 'filter', 'KUBE-SERVICES', filterServiceRules(policy, family)),
    chain(family, 'filter', 'KUBE-FORWARD', forwardRules(policy)),
    chain(family, 'filter', 'KUBE-REJECT', rejectRules(family)),
  ];
  for (const table of ['nat', 'filter'] as const) {
    for (const [builtin, rules] of Object.entries(jumps(table, policy))) {
      const text = rules.map((rule) => `-A ${builtin} ${rule}`).join('\n');
      objects.push([jumpsKey(family, table, builtin), text]);
    }
  }
  if (policy.localhostNodePorts) {
    objects.push(
      chain(family, 'filter', 'KUBE-LOCALNET', localnetRules()),
      switched(ROUTE_LOCALNET),
    );
  }
  if (policy.tcpBeLiberal) objects.push(switched(TCP_BE_LIBERAL));
  return objects;
}

/** There is no route_localnet for IPv6: ::1 never accepts NodePorts. */
function familyPolicy(policy: Policy, family: Family): Policy {
  return {
    ...policy,
    localhostNodePorts: family === 4 && acceptsLoopback(policy),
  };
}

/** Whether the sysctl is worth its danger: only if a loopback address would accept NodePorts. */
function acceptsLoopback(policy: Policy): boolean {
  if (!policy.localhostNodePorts) return false;
  const ranges = acceptedRanges(policy.nodePortAddresses, 4);
  return ranges.some((range) => range === undefined || isLoopbackRange(range));
}

function isLoopbackRange(range: Cidr): boolean {
  return range.startsWith('127.');
}

export function chain(
  family: Family,
  table: Table,
  name: string,
  rules: readonly string[],
): StaticObject {
  return [chainKey(family, table, name), rules.map((rule) => `-A ${name} ${rule}`).join('\n')];
}

/**
 * Marks every packet that is no pod's before the dispatch and takes the mark away behind it, so
 * that masquerading ClusterIP traffic costs four rules in all and not one for each Service.
 * Whoever comes with the mark already set (others use KUBE-MARK-MASQ too) keeps it.
 */
function serviceRules(policy: Policy, family: Family): readonly string[] {
  const local = localSourceMatches(policy.localDetector, family);
  if (!marksAtRoot(policy, family)) return ['-j KUBE-DISPATCH'];
  return [
    `-m mark --mark ${mark(policy)} -g KUBE-DISPATCH`,
    ...(policy.masqueradeAll ? [] : local.map((match) => `${match}-g KUBE-DISPATCH`)),
    setMark(policy),
    '-j KUBE-IP',
    clearMark(policy),
    ...nodePortJumps(policy, family),
  ];
}

/** The dispatch proper, for packets that keep the mark they came with, or none. */
function dispatchRules(policy: Policy, family: Family): readonly string[] {
  return ['-j KUBE-IP', ...nodePortJumps(policy, family)];
}

function marksAtRoot(policy: Policy, family: Family): boolean {
  return policy.masqueradeAll || localSourceMatches(policy.localDetector, family).length > 0;
}

/** Last, since a load balancer's address may be an address of this node. */
export function nodePortJumps(
  policy: Policy,
  family: Family,
  target = 'KUBE-NODEPORTS',
): readonly string[] {
  const acceptsLoopback = family === 4 && policy.localhostNodePorts;
  const everywhere = acceptsLoopback ? '' : `! -d ${family === 4 ? '127.0.0.0/8' : '::1/128'} `;
  return acceptedRanges(policy.nodePortAddresses, family)
    .filter((range) => acceptsLoopback || range === undefined || !isLoopbackRange(range))
    .map((range) => (range === undefined ? everywhere : `-d ${range} `))
    .map((match) => `${match}-m addrtype --dst-type LOCAL -j ${target}`);
}

/** Where NodePorts are served; undefined stands for every address. */
export function acceptedRanges(
  addresses: NodePortAddresses,
  family: Family,
): readonly (Cidr | undefined)[] {
  if (addresses.kind === 'all') return [undefined];
  return addresses.cidrs
    .filter((cidr) => familyOf(cidr) === family)
    .map((cidr) => (cidr.endsWith('/0') ? undefined : cidr));
}

function filterServiceRules(policy: Policy, family: Family): readonly string[] {
  return ['-j KUBE-IP', ...nodePortJumps(policy, family, 'KUBE-NP')];
}

function mark(policy: Policy): string {
  const bit = `0x${policy.masqueradeMark.toString(16)}`;
  return `${bit}/${bit}`;
}

export function setMark(policy: Policy): string {
  return `-j MARK --set-xmark ${mark(policy)}`;
}

function clearMark(policy: Policy): string {
  return `-j MARK --set-xmark 0x0/0x${policy.masqueradeMark.toString(16)}`;
}

/** Rules of an external chain: ask for masquerade. */
export function markForMasquerade(): string {
  return '-j KUBE-MARK-MASQ';
}

/** Take back the mark that the root of the dispatch may have set. */
export function unmark(policy: Policy, family: Family): readonly string[] {
  return marksAtRoot(policy, family) ? [clearMark(policy)] : [];
}

/** The node itself reaches every endpoint of `chain`, masqueraded. */
export function fromNode(chainName: string): readonly string[] {
  const source = '-m addrtype --src-type LOCAL';
  return [`${source} -j KUBE-MARK-MASQ`, `${source} -j ${chainName}`];
}

/**
 * A pod that reaches itself through a Service must see another source, or it would answer itself
 * directly. One comparison after DNAT serves every pod; kube-proxy has a rule for each endpoint.
 */
export function hairpinMatch(family: Family): string {
  const words = family === 4 ? [[12, 16]] : [0, 4, 8, 12].map((at) => [8 + at, 24 + at]);
  const body = words.flatMap(([source, destination], index) => {
    const toEnd = 4 * (words.length - index - 1) + 1;
    // Classic BPF: A = source; X = A; A = destination; differ? then to the last instruction.
    return [`32 0 0 ${source ?? 0}`, '7 0 0 0', `32 0 0 ${destination ?? 0}`, `29 0 ${toEnd} 0`];
  });
  const program = [...body, '6 0 0 65535', '6 0 0 0'];
  return `-m bpf --bytecode "${String(program.length)},${program.join(',')}"`;
}

function postroutingRules(policy: Policy, family: Family): readonly string[] {
  const hairpin = `-m conntrack --ctstate DNAT ${hairpinMatch(family)}`;
  const [unmarked = '', ...masquerade] = masqueradeRules(policy);
  // Does nothing but count the first packets to NodePorts at 127.0.0.1, all of which are marked.
  const counted = policy.localhostNodePorts ? ['-m conntrack --ctorigdst 127.0.0.0/8'] : [];
  return [`${hairpin} ${setMark(policy)}`, unmarked, ...counted, ...masquerade];
}

/** Masquerade what is marked, and take the mark away. */
export function masqueradeRules(policy: Policy): readonly string[] {
  return [
    `-m mark ! --mark ${mark(policy)} -j RETURN`,
    // A packet that comes by again, in an overlay's wrapping, must not be masqueraded twice.
    `-j MARK --set-xmark 0x${policy.masqueradeMark.toString(16)}/0x0`,
    '-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
  ];
}

/**
 * Refuse, so that clients fail at once. For TCP over IPv6 with a reset: the ICMPv6 error for the
 * node's own SYN comes while connect() still holds the socket, is ignored, and the client waits a
 * second for the next one (seen on Linux 6.18; IPv4 is refused at once).
 */
export function rejectRules(family: Family): readonly string[] {
  if (family === 4) return ['-j REJECT --reject-with icmp-port-unreachable'];
  return [
    '-p tcp -j REJECT --reject-with tcp-reset',
    '-j REJECT --reject-with icmp6-port-unreachable',
  ];
}

export function forwardRules(policy: Policy): readonly string[] {
  const comment = '-m comment --comment "kubernetes forwarding rules"';
  return [
    // Conntrack does not translate INVALID packets back; the client would answer them with a reset
    // and lose its connection (kubernetes #74839).
    ...(policy.dropInvalid ? ['-m conntrack --ctstate INVALID -j DROP'] : []),
    `${comment} -m mark --mark ${mark(policy)} -j ACCEPT`,
    `${comment} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
  ];
}

/** route_localnet lets packets to 127/8 in from outside; only answers and NodePorts may use it. */
function localnetRules(): readonly string[] {
  return [
    '! -s 127.0.0.0/8 -d 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP',
  ];
}
