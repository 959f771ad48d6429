/**
 * Who is in the lab and under which addresses: two nodes with three pods each, a client outside,
 * and the internet. Underlay addresses are from the documentation ranges.
 *
 *   internet ──┬── node1 ── cbr0 ── pod1a pod1b pod1c
 *              ├── node2 ── cbr0 ── pod2a pod2b pod2c
 *              └── client
 *
 * The internet is every node's default gateway and holds all Service ranges, so a packet that no
 * proxy took for its own is answered by `internet` instead of vanishing.
 */
export type NodeName = 'node1' | 'node2';

/** One participant; each has a network namespace of its own. */
export interface Member {
  readonly name: string;
  /** IPv4, then IPv6. */
  readonly addresses: readonly [string, string];
  /** Set for pods. */
  readonly node?: NodeName;
}

export const UNDERLAY_PREFIXES = [24, 64] as const;
export const POD_PREFIXES = [24, 64] as const;

export const INTERNET: Member = {
  name: 'internet',
  addresses: ['192.0.2.1', '2001:db8::1'],
};
export const CLIENT: Member = {
  name: 'client',
  addresses: ['192.0.2.100', '2001:db8::100'],
};
export const NODES: readonly (Member & { readonly name: NodeName })[] = [
  { name: 'node1', addresses: ['192.0.2.11', '2001:db8::11'] },
  { name: 'node2', addresses: ['192.0.2.12', '2001:db8::12'] },
];

/** Ranges that the client reaches through one of the nodes: ClusterIPs, external and LB addresses. */
export const SERVICE_RANGES = [
  '10.96.0.0/16',
  '203.0.113.0/24',
  'fd00:10:96::/112',
  '2001:db8:113::/64',
] as const;

/** More addresses of the client, for scenarios with many clients. */
export const CLIENT_RANGES = ['198.51.100.0/24', '2001:db8:100::/64'] as const;

/** Where all pods live, as `--cluster-cidr` wants it. */
export const CLUSTER_CIDR = '10.244.0.0/16,fd00:10:244::/48';

/** Ports on which pods and nodes serve, TCP and UDP. */
export const SERVED_PORTS = [8080, 8081, 9090] as const;

/** 1 for node1, 2 for node2. */
function nodeNumber(node: NodeName): number {
  return node === 'node1' ? 1 : 2;
}

/** The address of the node's bridge, which is the pods' gateway. */
export function gateways(node: NodeName): readonly [string, string] {
  const number = String(nodeNumber(node));
  return [`10.244.${number}.1`, `fd00:10:244:${number}::1`];
}

export function podCidrs(node: NodeName): readonly [string, string] {
  const number = String(nodeNumber(node));
  return [`10.244.${number}.0/24`, `fd00:10:244:${number}::/64`];
}

/**
 * Addresses that a node's first pod answers for beside its own, for Services with more endpoints
 * than the lab has pods.
 */
export function extraPodRange(node: NodeName): string {
  return `10.244.${String(nodeNumber(node))}.128/25`;
}

export const PODS: readonly (Member & { readonly node: NodeName })[] = NODES.flatMap((node) =>
  ['a', 'b', 'c'].map((letter, index) => {
    const number = String(nodeNumber(node.name));
    const host = String(11 + index);
    return {
      name: `pod${number}${letter}`,
      node: node.name,
      addresses: [`10.244.${number}.${host}`, `fd00:10:244:${number}::${host}`] as const,
    };
  }),
);

export const MEMBERS: readonly Member[] = [INTERNET, CLIENT, ...NODES, ...PODS];

/** The member of this name; throws with the list of names when there is none. */
export function memberNamed(name: string): Member {
  const member = MEMBERS.find((each) => each.name === name);
  if (member !== undefined) return member;
  const names = MEMBERS.map((each) => each.name).join(', ');
  throw new Error(`no "${name}" in the lab; there are: ${names}`);
}
