/** Building the lab's network: namespaces, links, addresses, routes and sysctls. */
import { namespaceOf } from './namespaces.ts';
import { runInside, runProgram } from './program.ts';
import {
  CLIENT,
  CLIENT_RANGES,
  extraPodRange,
  gateways,
  INTERNET,
  MEMBERS,
  memberNamed,
  NODES,
  podCidrs,
  POD_PREFIXES,
  PODS,
  SERVICE_RANGES,
  UNDERLAY_PREFIXES,
} from './topology.ts';
import type { Member, NodeName } from './topology.ts';

const EVERYONE: readonly string[] = [
  // Addresses are usable at once, and nobody learns a way round the node from a redirect.
  ...forAllInterfaces('ipv6', 'accept_dad=0', 'accept_ra=0', 'accept_redirects=0'),
  ...forAllInterfaces('ipv4', 'accept_redirects=0'),
];

const NODE: readonly string[] = [
  'net.ipv4.ip_forward=1',
  'net.ipv6.conf.all.forwarding=1',
  // Loose, as systemd sets it.
  ...forAllInterfaces('ipv4', 'send_redirects=0', 'rp_filter=2'),
  // As the container runtime's documentation asks: pods on one bridge meet NAT too.
  'net.bridge.bridge-nf-call-iptables=1',
  'net.bridge.bridge-nf-call-ip6tables=1',
  // A test sends more refused packets in a second than a node would answer.
  'net.ipv4.icmp_ratelimit=0',
  'net.ipv4.icmp_msgs_per_sec=100000',
  'net.ipv4.icmp_msgs_burst=10000',
  'net.ipv6.icmp.ratelimit=0',
];

/** For members that hold whole ranges, to bind to any address of them. */
const HOLDS_RANGES: readonly string[] = [
  'net.ipv4.ip_nonlocal_bind=1',
  'net.ipv6.ip_nonlocal_bind=1',
];

/**
 * Make every namespace and connect them; `routeVia` is the node through which the client reaches
 * the Service ranges. Nothing may exist under this prefix.
 */
export async function buildNetwork(prefix: string, routeVia: NodeName): Promise<void> {
  await batch(
    [],
    MEMBERS.map((member) => `netns add ${namespaceOf(prefix, member.name)}`),
  );
  await Promise.all(MEMBERS.map((member) => setSysctls(prefix, member)));
  await inside(prefix, INTERNET.name, underlayLinks(prefix));
  await Promise.all(NODES.map((node) => inside(prefix, node.name, podLinks(prefix, node.name))));
  await Promise.all(
    MEMBERS.map((member) =>
      inside(prefix, member.name, [
        'link set lo up',
        ...ownAddresses(member),
        ...routes(member, routeVia),
      ]),
    ),
  );
}

function forAllInterfaces(family: 'ipv4' | 'ipv6', ...settings: string[]): readonly string[] {
  // `default` is what interfaces made later begin with; some settings combine it with `all`.
  return settings.flatMap((setting) =>
    ['all', 'default'].map((scope) => `net.${family}.conf.${scope}.${setting}`),
  );
}

async function batch(args: readonly string[], commands: readonly string[]): Promise<void> {
  await runProgram('ip', [...args, '-batch', '-'], commands.join('\n') + '\n');
}

function inside(prefix: string, member: string, commands: readonly string[]): Promise<void> {
  return batch(['-n', namespaceOf(prefix, member)], commands);
}

async function setSysctls(prefix: string, member: Member): Promise<void> {
  const settings = [...EVERYONE];
  if (isNode(member)) settings.push(...NODE);
  if (holdsRanges(member)) settings.push(...HOLDS_RANGES);
  await runInside(namespaceOf(prefix, member.name), ['sysctl', '-q', '-w', ...settings]);
}

function isNode(member: Member): boolean {
  return NODES.some((node) => node.name === member.name);
}

function holdsRanges(member: Member): boolean {
  return member === INTERNET || member === CLIENT || extraRange(member) !== undefined;
}

function extraRange(member: Member): string | undefined {
  const first = PODS.find((pod) => pod.node === member.node);
  return member.node !== undefined && first === member ? extraPodRange(member.node) : undefined;
}

/** The wire between the nodes and the outside, a bridge inside the internet's namespace. */
function underlayLinks(prefix: string): readonly string[] {
  return [
    'link add eth0 type bridge mcast_snooping 0',
    'link set eth0 up',
    ...[CLIENT, ...NODES].flatMap(({ name }) => plug(prefix, name, 'eth0')),
  ];
}

function podLinks(prefix: string, node: NodeName): readonly string[] {
  const [ip4, ip6] = gateways(node);
  return [
    'link add cbr0 type bridge mcast_snooping 0',
    `address add ${ip4}/${String(POD_PREFIXES[0])} dev cbr0`,
    `address add ${ip6}/${String(POD_PREFIXES[1])} dev cbr0 nodad`,
    'link set cbr0 up',
    ...PODS.filter((pod) => pod.node === node).flatMap(({ name }) => [
      ...plug(prefix, name, 'cbr0'),
      // Without it a pod that reaches itself through a Service would never get the packet back.
      `link set veth-${name} type bridge_slave hairpin on`,
    ]),
  ];
}

/** A cable from the member's eth0 to a port of the bridge here. */
function plug(prefix: string, name: string, bridge: string): readonly string[] {
  return [
    `link add veth-${name} type veth peer name eth0 netns ${namespaceOf(prefix, name)}`,
    `link set veth-${name} master ${bridge} up`,
  ];
}

function ownAddresses(member: Member): readonly string[] {
  const [bits4, bits6] = member.node === undefined ? UNDERLAY_PREFIXES : POD_PREFIXES;
  const [ip4, ip6] = member.addresses;
  return [
    `address add ${ip4}/${String(bits4)} dev eth0`,
    `address add ${ip6}/${String(bits6)} dev eth0 nodad`,
    'link set eth0 up',
  ];
}

function routes(member: Member, routeVia: NodeName): readonly string[] {
  if (member.node !== undefined) {
    const extra = extraRange(member);
    const own = extra === undefined ? [] : [`route add local ${extra} dev lo`];
    return [...own, ...gateways(member.node).map((gateway) => `route add default via ${gateway}`)];
  }
  const toPods = NODES.filter((node) => node.name !== member.name).flatMap((node) =>
    podCidrs(node.name).map((cidr) => via(cidr, node)),
  );
  if (member === CLIENT) {
    return [
      ...toPods,
      ...CLIENT_RANGES.map((range) => `route add local ${range} dev lo`),
      ...SERVICE_RANGES.map((range) => via(range, memberNamed(routeVia))),
    ];
  }
  if (member === INTERNET) {
    // Answers go back the way that questions come: half a connection is INVALID to conntrack.
    const back = [...CLIENT.addresses, ...CLIENT_RANGES];
    return [
      ...toPods,
      ...back.map((range) => via(range, memberNamed(routeVia))),
      ...SERVICE_RANGES.map((range) => `route add local ${range} dev lo`),
    ];
  }
  return [
    ...toPods,
    ...CLIENT_RANGES.map((range) => via(range, CLIENT)),
    ...INTERNET.addresses.map((gateway) => `route add default via ${gateway}`),
  ];
}

/** A route to `range` by the member's address of the same family. */
function via(range: string, member: Member): string {
  return `route add ${range} via ${member.addresses[range.includes(':') ? 1 : 0]}`;
}
