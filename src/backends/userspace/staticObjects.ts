/**
 * The static part: sets, and a fixed number of iptables rules that ask them and hand packets to the
 * relay. README.md beside this file draws the path of a packet.
 */
import type { Policy, Snapshot } from '../../model/types.ts';
import type { Family } from '../../net/family.ts';
import type { ObjectKey } from '../backend.ts';
import { acceptedRanges, chain, NEW_FLOWS, nodePortJumps, rejectRules } from '../iptables/guard.ts';
import { localSourceMatches } from '../iptables/localDetector.ts';
import { jumpsKey } from '../iptables/names.ts';
import type { Table } from '../iptables/names.ts';
import { BRIDGE_NETFILTER, STRICT_ARP, switched, TCP_BE_LIBERAL } from '../iptables/switches.ts';
import { guardRule } from '../sets/guard.ts';
import { inSet, PORT_HOSTS, returnKey, setKey, setText } from '../sets/names.ts';
import type { NamedObject, SetName } from '../sets/names.ts';
import { nodePortsObject, SET_NAMES } from './names.ts';

/** Every object that does not depend on Services, with the relay's listeners at this port. */
export function staticObjects(
  { policy, families }: Snapshot,
  relayPort: number,
): readonly NamedObject[] {
  const objects: NamedObject[] = [];
  if (policy.tcpBeLiberal) objects.push(switched(TCP_BE_LIBERAL));
  if (policy.userspace?.strictARP === true) objects.push(...STRICT_ARP.map(switched));
  for (const family of families) {
    if (policy.userspace?.withoutBridgeNetfilter === true) {
      objects.push(switched(BRIDGE_NETFILTER[family]));
    }
    if (policy.userspace?.keepsClientAddress === true) objects.push(...returnPath(policy, family));
    objects.push(
      ...SET_NAMES.map((name): NamedObject => [setKey(family, name), setText(family, name)]),
      ...chains({ policy, family, relayPort }),
      ...jumps(policy, family),
      ...nodePorts(policy, family),
    );
  }
  return objects;
}

/** For packets that come to the relay although TPROXY could not hand them over. */
function nodePorts({ nodePortAddresses }: Policy, family: Family): readonly NamedObject[] {
  const at = acceptedRanges(nodePortAddresses, family).filter((range) => range !== undefined);
  return at.length < acceptedRanges(nodePortAddresses, family).length
    ? []
    : [nodePortsObject({ family, at })];
}

/**
 * Answers to clients' addresses are for the relay, which dialled as the client. Two bits, as what the
 * relay sends has the first of them and must leave.
 */
function returnPath({ masqueradeMark }: Policy, family: Family): readonly NamedObject[] {
  const both = (masqueradeMark + (masqueradeMark === 1 ? 2 : 1)).toString(16);
  const mark = `0x${both}/0x${both}`;
  return [
    [returnKey(family), mark],
    chain(family, 'mangle', 'KUBE-RETURN', [`-j MARK --set-xmark ${mark}`]),
  ];
}

interface Ground {
  readonly policy: Policy;
  readonly family: Family;
  readonly relayPort: number;
}

function chains(ground: Ground): readonly NamedObject[] {
  const { family } = ground;
  return [
    chain(family, 'mangle', 'KUBE-RELAY', relayRules(ground)),
    chain(family, 'mangle', 'KUBE-RELAY-OWN', ownClientRules(ground)),
    chain(family, 'mangle', 'KUBE-NODEPORTS', [
      ...PROTOCOLS.map((protocol) => `${nodePort(family, `KUBE-NP-DROP-${protocol}`)} -j DROP`),
      ...PROTOCOLS.map(
        (protocol) => nodePort(family, `KUBE-NP-${protocol}`) + tproxy(ground, 'any'),
      ),
    ]),
    chain(
      family,
      'mangle',
      'KUBE-NP',
      PROTOCOLS.map(
        (protocol) => nodePort(family, `KUBE-NP-${protocol}`) + tproxy(ground, 'inside'),
      ),
    ),
    chain(family, 'filter', 'KUBE-SERVICES', filterRules(family)),
    chain(family, 'filter', 'KUBE-NODEPORTS', [
      `-p tcp ${inSet(family, 'KUBE-HEALTH', 'dst')} -j ACCEPT`,
    ]),
    chain(family, 'filter', 'KUBE-FORWARD', [ESTABLISHED]),
    chain(family, 'filter', 'KUBE-REJECT', rejectRules(family)),
  ];
}

/** Nothing of this mode is forwarded, but connections of another mode, from before, may go on. */
const ESTABLISHED =
  '-m comment --comment "kubernetes forwarding rules" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT';

const PROTOCOLS = ['TCP', 'UDP'] as const;

/** The first packet of a connection, and every packet from a client of a UDP flow. */
const SYN = '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN';
/** What comes for a connection of the relay that speaks as its client. */
const ANSWER = '-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN -m socket --transparent';
const FROM_UDP_CLIENT = '-p udp -m conntrack --ctdir ORIGINAL';

function jumps(policy: Policy, family: Family): readonly NamedObject[] {
  const portals = '-m comment --comment "kubernetes service portals"';
  const health = '-m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS';
  const wanted: readonly (readonly [Table, string, readonly string[]])[] = [
    [
      'mangle',
      'PREROUTING',
      [
        ...[SYN, FROM_UDP_CLIENT].map((match) => `${match} ${portals} -j KUBE-RELAY`),
        ...(policy.userspace?.keepsClientAddress === true ? [`${ANSWER} -j KUBE-RETURN`] : []),
      ],
    ],
    // A flow that the relay answered is not new when its Service loses its last endpoint.
    [
      'filter',
      'INPUT',
      [
        health,
        ...[NEW_FLOWS, FROM_UDP_CLIENT].map((match) => `${match} ${portals} -j KUBE-SERVICES`),
      ],
    ],
    ['filter', 'FORWARD', ['-m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD']],
  ];
  return wanted.map(([table, builtin, rules]): readonly [ObjectKey, string] => [
    jumpsKey(family, table, builtin),
    rules.map((rule) => `-A ${builtin} ${rule}`).join('\n'),
  ]);
}

/** Hands the packet to the relay's listener for this kind of client; dropped while nobody listens. */
function tproxy({ family, relayPort }: Ground, client: 'any' | 'inside'): string {
  const host = PORT_HOSTS[family][client];
  return ` -j TPROXY --on-port ${String(relayPort)} --on-ip ${host} --tproxy-mark 0x0/0x0`;
}

function nodePort(family: Family, set: SetName): string {
  const protocol = set.endsWith('TCP') ? 'tcp' : 'udp';
  return `-p ${protocol} ${inSet(family, set, 'dst')}`;
}

function addressRules(ground: Ground, client: 'any' | 'inside'): readonly string[] {
  const listed = inSet(ground.family, 'KUBE-VIP-PORT', 'dst,dst');
  return PROTOCOLS.map(
    (protocol) => `-p ${protocol.toLowerCase()} ${listed}${tproxy(ground, client)}`,
  );
}

/** Clients from outside; NodePorts last, since a load balancer's address may be one of this node. */
function relayRules(ground: Ground): readonly string[] {
  const { policy, family } = ground;
  const mark = `0x${policy.masqueradeMark.toString(16)}`;
  return [
    // What the relay dials itself must not come back to it, whatever an endpoint's address is.
    `-m mark --mark ${mark}/${mark} -j RETURN`,
    guardRule(family),
    // The node's own packets come by here on their way back from the loopback device.
    '-i lo -g KUBE-RELAY-OWN',
    ...localSourceMatches(policy.localDetector, family).map((match) => `${match}-g KUBE-RELAY-OWN`),
    `${inSet(family, 'KUBE-VIP-DROP', 'dst,dst')} -j DROP`,
    ...addressRules(ground, 'any'),
    `${inSet(family, 'KUBE-VIP', 'dst')} -j RETURN`,
    ...nodePortJumps(policy, family),
  ];
}

/** This node itself and its pods, whom external traffic policies do not concern. */
function ownClientRules(ground: Ground): readonly string[] {
  const { policy, family } = ground;
  return [
    ...addressRules(ground, 'inside'),
    `${inSet(family, 'KUBE-VIP-DROP', 'dst,dst')} -j DROP`,
    `${inSet(family, 'KUBE-VIP', 'dst')} -j RETURN`,
    ...nodePortJumps(policy, family, 'KUBE-NP'),
  ];
}

/** What came to this node's own stack for a Service, and is not for the relay. */
function filterRules(family: Family): readonly string[] {
  const listed = inSet(family, 'KUBE-VIP-PORT', 'dst,dst', '! ');
  return [
    `${inSet(family, 'KUBE-VIP-REFUSE', 'dst,dst')} -j KUBE-REJECT`,
    `${inSet(family, 'KUBE-VIP', 'dst')} ${listed} -j KUBE-REJECT`,
  ];
}
