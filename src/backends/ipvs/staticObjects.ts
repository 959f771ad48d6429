/**
 * The static part: sets, a fixed number of iptables rules that ask them, and the addresses behind
 * which NodePorts stand. README.md beside this file draws the path of a packet.
 */
import type { Policy, Snapshot } from '../../model/types.ts';
import type { Family } from '../../net/family.ts';
import type { ObjectKey } from '../backend.ts';
import {
  chain,
  forwardRules,
  hairpinMatch,
  masqueradeRules,
  NEW_FLOWS,
  nodePortJumps,
  rejectRules,
  setMark,
} from '../iptables/guard.ts';
import { localSourceMatches } from '../iptables/localDetector.ts';
import { jumpsKey } from '../iptables/names.ts';
import type { Table } from '../iptables/names.ts';
import { switched, TCP_BE_LIBERAL } from '../iptables/switches.ts';
import { inSet, PORT_HOSTS, setKey, setOf, setText } from '../sets/names.ts';
import type { NamedObject } from '../sets/names.ts';
import { guardRule } from '../sets/guard.ts';
import { groundOf, vip } from '../sets/vip.ts';
import { ipvsSysctlKey, PORT_HOST_RANGE, SET_NAMES, TIMEOUTS_KEY } from './names.ts';

/** Every object that does not depend on Services. */
export function staticObjects(snapshot: Snapshot): readonly NamedObject[] {
  const { policy, families } = snapshot;
  const ground = groundOf(snapshot);
  const objects: NamedObject[] = [...nodeSettings(policy)];
  for (const family of families) {
    const { any, inside } = PORT_HOSTS[family];
    objects.push(
      ...SET_NAMES.map((name): NamedObject => [setKey(family, name), setText(family, name)]),
      ...chains(policy, family),
      ...jumps(policy, family),
      ...vip(family, any, ground),
      ...vip(family, inside, ground),
    );
  }
  return objects;
}

/** As kube-proxy sets them; nothing puts them back, as it does not either. */
function nodeSettings(policy: Policy): readonly NamedObject[] {
  const { ipvs } = policy;
  const sysctls: (readonly [string, string])[] = [
    ['net.ipv4.ip_forward', '1'],
    // Flows through IPVS are in the connection tracking too: masquerade needs that.
    ['net.ipv4.vs.conntrack', '1'],
    // A flow to an endpoint that was removed finds another instead of nothing.
    ['net.ipv4.vs.expire_nodest_conn', '1'],
    // Affinity to an endpoint that only ends its connections ends itself.
    ['net.ipv4.vs.expire_quiescent_template', '1'],
  ];
  if (ipvs?.strictARP === true) {
    sysctls.push(['net.ipv4.conf.all.arp_ignore', '1'], ['net.ipv4.conf.all.arp_announce', '2']);
  }
  const objects = sysctls.map(([name, value]): NamedObject => [ipvsSysctlKey(name), value]);
  if (policy.tcpBeLiberal) objects.push(switched(TCP_BE_LIBERAL));
  const { tcp, tcpFin, udp } = ipvs?.timeouts ?? { tcp: 0, tcpFin: 0, udp: 0 };
  if (tcp + tcpFin + udp > 0) objects.push([TIMEOUTS_KEY, [tcp, tcpFin, udp].join(' ')]);
  return objects;
}

function chains(policy: Policy, family: Family): readonly NamedObject[] {
  return [
    chain(family, 'mangle', 'KUBE-CLIENTS', clientRules(family)),
    chain(family, 'mangle', 'KUBE-GUARD', [
      guardRule(family),
      `${inSet(family, 'KUBE-EXT-LOCAL', 'dst,dst')} -j RETURN`,
      `${inSet(family, 'KUBE-VIP-DROP', 'dst,dst')} -j DROP`,
    ]),
    chain(family, 'nat', 'KUBE-SERVICES', serviceRules(policy, family)),
    chain(family, 'nat', 'KUBE-VIP', vipRules(policy, family)),
    chain(family, 'nat', 'KUBE-NODEPORTS', nodePortRules(family)),
    chain(family, 'nat', 'KUBE-NP', [
      '-j KUBE-MARK-MASQ',
      `-j DNAT --to-destination ${PORT_HOSTS[family].any}`,
    ]),
    chain(family, 'nat', 'KUBE-NPL', localNodePortRules(policy, family)),
    chain(family, 'nat', 'KUBE-MARK-MASQ', [setMark(policy)]),
    chain(family, 'nat', 'KUBE-POSTROUTING', postroutingRules(policy, family)),
    chain(family, 'filter', 'KUBE-SERVICES', filterRules(policy, family)),
    chain(family, 'filter', 'KUBE-NODEPORTS', [
      `-p tcp ${inSet(family, 'KUBE-HEALTH', 'dst')} -j ACCEPT`,
    ]),
    chain(family, 'filter', 'KUBE-FORWARD', forwardRules(policy)),
    chain(family, 'filter', 'KUBE-REJECT', rejectRules(family)),
  ];
}

function jumps(policy: Policy, family: Family): readonly NamedObject[] {
  const portals = '-m comment --comment "kubernetes service portals"';
  const fromPods = localSourceMatches(policy.localDetector, family);
  const health = '-m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS';
  const wanted: readonly (readonly [Table, string, readonly string[]])[] = [
    ['mangle', 'PREROUTING', fromPods.map((match) => `${match}${NEW_FLOWS} -j KUBE-CLIENTS`)],
    // The node's own packets meet IPVS before the filter table.
    ['mangle', 'OUTPUT', [`${NEW_FLOWS} -j KUBE-GUARD`, `${NEW_FLOWS} -j KUBE-CLIENTS`]],
    ['nat', 'PREROUTING', [`${portals} -j KUBE-SERVICES`]],
    ['nat', 'OUTPUT', [`${portals} -j KUBE-SERVICES`]],
    [
      'nat',
      'POSTROUTING',
      ['-m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING'],
    ],
    ['filter', 'INPUT', [health, `${NEW_FLOWS} ${portals} -j KUBE-SERVICES`]],
    ['filter', 'FORWARD', ['-m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD']],
  ];
  return wanted
    .filter(([, , rules]) => rules.length > 0)
    .map(([table, builtin, rules]): readonly [ObjectKey, string] => [
      jumpsKey(family, table, builtin),
      rules.map((rule) => `-A ${builtin} ${rule}`).join('\n'),
    ]);
}

/** The mark that the set has for the destination. */
function clientRules(family: Family): readonly string[] {
  const set = setOf(family, 'KUBE-EXT-LOCAL');
  return [
    `${inSet(family, 'KUBE-EXT-LOCAL', 'dst,dst')} -j SET --map-set ${set} dst,dst --map-mark`,
  ];
}

/** Who is masqueraded; NodePorts last, since a load balancer's address may be one of this node. */
function serviceRules(policy: Policy, family: Family): readonly string[] {
  const local = inSet(family, 'KUBE-EXT-LOCAL', 'dst,dst');
  const external = inSet(family, 'KUBE-EXT', 'dst,dst');
  return [
    `-m addrtype --src-type LOCAL ${local} -j KUBE-MARK-MASQ`,
    `${local} -j RETURN`,
    `${external} -j KUBE-MARK-MASQ`,
    `${external} -j RETURN`,
    `${inSet(family, 'KUBE-VIP', 'dst')} -g KUBE-VIP`,
    ...nodePortJumps({ ...policy, localhostNodePorts: false }, family),
  ];
}

/** A ClusterIP: masquerade whoever is no pod of this node, where that can be told. */
function vipRules(policy: Policy, family: Family): readonly string[] {
  const local = localSourceMatches(policy.localDetector, family);
  if (policy.masqueradeAll) return ['-j KUBE-MARK-MASQ'];
  if (local.length === 0) return [];
  return [...local.map((match) => `${match}-j RETURN`), '-j KUBE-MARK-MASQ'];
}

function nodePortRules(family: Family): readonly string[] {
  return (['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) => {
    const match = `-p ${protocol.toLowerCase()}`;
    return [
      `${match} ${inSet(family, `KUBE-NP-${protocol}`, 'dst')} -j KUBE-NP`,
      `${match} ${inSet(family, `KUBE-NPL-${protocol}`, 'dst')} -j KUBE-NPL`,
    ];
  });
}

/** Policy Local: the client's address stays, and this node's own clients reach every endpoint. */
function localNodePortRules(policy: Policy, family: Family): readonly string[] {
  const { any, inside } = PORT_HOSTS[family];
  const fromNode = '-m addrtype --src-type LOCAL';
  return [
    ...localSourceMatches(policy.localDetector, family).map(
      (match) => `${match}-j DNAT --to-destination ${inside}`,
    ),
    `${fromNode} -j KUBE-MARK-MASQ`,
    `${fromNode} -j DNAT --to-destination ${inside}`,
    `-j DNAT --to-destination ${any}`,
  ];
}

function postroutingRules(policy: Policy, family: Family): readonly string[] {
  return [
    // IPVS leaves no trace in conntrack's state; a packet to itself over lo is the node's own.
    `! -o lo ${hairpinMatch(family)} ${setMark(policy)}`,
    // The node dials from the Service's address where it knows none of its own.
    `${inSet(family, 'KUBE-VIP', 'src')} ${setMark(policy)}`,
    ...masqueradeRules(policy),
  ];
}

/** New flows that come to this node's own stack: what IPVS must not get, and what is refused. */
function filterRules(policy: Policy, family: Family): readonly string[] {
  const ownClients = inSet(family, 'KUBE-EXT-LOCAL', 'dst,dst');
  const listed = inSet(family, 'KUBE-VIP-PORT', 'dst,dst', '! ');
  return [
    guardRule(family),
    ...localSourceMatches(policy.localDetector, family).map(
      (match) => `${match}${ownClients} -j RETURN`,
    ),
    `${inSet(family, 'KUBE-VIP-DROP', 'dst,dst')} -j DROP`,
    // The addresses behind NodePorts are no way round --nodeport-addresses.
    `-d ${PORT_HOST_RANGE[family]} -m conntrack ! --ctstate DNAT -j KUBE-REJECT`,
    `${inSet(family, 'KUBE-VIP-REFUSE', 'dst,dst')} -j KUBE-REJECT`,
    ...refusedNodePorts(family, listed),
    `${inSet(family, 'KUBE-VIP', 'dst')} ${listed} -j KUBE-REJECT`,
  ];
}

/**
 * A reset to a client on a bridge is sent past NAT (nf_send_reset6 in nf_reject_ipv6.c), so that it
 * would come from the address behind the NodePort and be ignored; an ICMPv6 error is translated.
 */
function refusedNodePorts(family: Family, listed: string): readonly string[] {
  if (family === 4) return [];
  const error = '-j REJECT --reject-with icmp6-port-unreachable';
  return [`-d ${PORT_HOST_RANGE[family]} ! -i lo ${listed} ${error}`];
}
