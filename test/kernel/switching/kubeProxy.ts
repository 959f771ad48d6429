/**
 * What kube-proxy leaves on a node in each of its modes, for the Service of objects.ts: its names and
 * shapes, written from what `iptables-save`, `ipset save`, `ipvsadm -Sn` and `nft list` show of it.
 */
import type { Lab } from '../../lab/lab.ts';
import { runInside } from '../../lab/program.ts';
import { ECHO_PORT, ENDPOINTS, NODE_PORT, VIP } from './objects.ts';

export type KubeProxyMode = 'iptables' | 'ipvs' | 'nftables';

const NODE = 'node1';
const NODE_ADDRESSES = ['192.0.2.11', '10.244.1.1'];
const PODS = '10.244.0.0/16';
const TARGETS = Object.values(ENDPOINTS).map((ip) => `${ip}:${String(ECHO_PORT)}`);
const PROTOCOLS = ['tcp', 'udp'] as const;

/** Put it there, as if kube-proxy had just been stopped. */
export async function leaveBehind(lab: Lab, mode: KubeProxyMode): Promise<void> {
  for (const [command, input] of STATES[mode]()) {
    await runInside(lab.namespace(NODE), command, input);
  }
}

type Step = readonly [command: readonly string[], input?: string];

const STATES: Readonly<Record<KubeProxyMode, () => readonly Step[]>> = {
  iptables: () => [[['iptables-nft-restore', '--noflush'], IPTABLES]],
  ipvs: () => [
    [['ipset', 'restore'], IPSETS],
    [['sh', '-c', DEVICE]],
    [['ipvsadm', '--restore'], servers()],
    [['sysctl', '-qw', 'net.ipv4.vs.conntrack=1']],
    [['iptables-nft-restore', '--noflush'], IPVS_RULES],
  ],
  nftables: () => [[['nft', '-f', '-'], NFTABLES]],
};

const SUFFIX = { tcp: 'BUFWEUT7I6HQ2XBP', udp: 'WCHKQJZD7ZL65LIQ' } as const;
const SEPS = ['AAAAAAAAAAAAAAA2', 'AAAAAAAAAAAAAAA3'] as const;

function serviceChains(protocol: 'tcp' | 'udp'): string {
  const name = `default/web:${protocol.slice(0, 1)}`;
  const [svc, ext] = [`KUBE-SVC-${SUFFIX[protocol]}`, `KUBE-EXT-${SUFFIX[protocol]}`];
  const seps = SEPS.map((sep) => `KUBE-SEP-${sep.slice(1)}${protocol.slice(0, 1).toUpperCase()}`);
  return [
    ...[svc, ext, ...seps].map((each) => `:${each} - [0:0]`),
    `-A KUBE-SERVICES -d ${VIP}/32 -p ${protocol} -m comment --comment "${name} cluster IP" -m ${protocol} --dport 80 -j ${svc}`,
    `-A KUBE-NODEPORTS -p ${protocol} -m comment --comment "${name}" -m ${protocol} --dport ${String(NODE_PORT)} -j ${ext}`,
    `-A ${ext} -m comment --comment "masquerade traffic for ${name} external destinations" -j KUBE-MARK-MASQ`,
    `-A ${ext} -j ${svc}`,
    `-A ${svc} ! -s ${PODS} -d ${VIP}/32 -p ${protocol} -m comment --comment "${name} cluster IP" -m ${protocol} --dport 80 -j KUBE-MARK-MASQ`,
    `-A ${svc} -m comment --comment "${name} -> ${TARGETS[0] ?? ''}" -m statistic --mode random --probability 0.50000000000 -j ${seps[0] ?? ''}`,
    `-A ${svc} -m comment --comment "${name} -> ${TARGETS[1] ?? ''}" -j ${seps[1] ?? ''}`,
    ...seps.flatMap((sep, index) => [
      `-A ${sep} -s ${Object.values(ENDPOINTS)[index] ?? ''}/32 -m comment --comment "${name}" -j KUBE-MARK-MASQ`,
      `-A ${sep} -p ${protocol} -m comment --comment "${name}" -m ${protocol} -j DNAT --to-destination ${TARGETS[index] ?? ''}`,
    ]),
  ].join('\n');
}

const MASQUERADE = `-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000
-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully`;

const NAT_JUMPS = `-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING`;

const FORWARD = `-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x4000/0x4000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`;

const IPTABLES = `*mangle
:KUBE-PROXY-CANARY - [0:0]
COMMIT
*nat
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-SERVICES - [0:0]
${PROTOCOLS.map(serviceChains).join('\n')}
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
${MASQUERADE}
${NAT_JUMPS}
COMMIT
*filter
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-FORWARD - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
${FORWARD}
COMMIT
`;

const IPSETS = `create KUBE-LOOP-BACK hash:ip,port,ip family inet hashsize 1024 maxelem 65536
create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-NODE-PORT-TCP bitmap:port range 0-65535
create KUBE-NODE-PORT-UDP bitmap:port range 0-65535
create KUBE-IPVS-IPS hash:ip family inet hashsize 1024 maxelem 65536
create KUBE-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535
create KUBE-6-CLUSTER-IP hash:ip,port family inet6 hashsize 1024 maxelem 65536
create KUBE-6-LOAD-BALANCER-SOURCE-CID hash:ip,port,net family inet6 hashsize 1024 maxelem 65536
add KUBE-CLUSTER-IP ${VIP},tcp:80
add KUBE-CLUSTER-IP ${VIP},udp:80
add KUBE-NODE-PORT-TCP ${String(NODE_PORT)}
add KUBE-NODE-PORT-UDP ${String(NODE_PORT)}
add KUBE-IPVS-IPS ${VIP}
add KUBE-LOOP-BACK ${ENDPOINTS.pod1a},tcp:${String(ECHO_PORT)},${ENDPOINTS.pod1a}
`;

const DEVICE = `ip link add kube-ipvs0 type dummy && ip addr add ${VIP}/32 dev kube-ipvs0`;

function servers(): string {
  const addresses = [
    `${VIP}:80`,
    ...NODE_ADDRESSES.map((address) => `${address}:${String(NODE_PORT)}`),
  ];
  return ['-t', '-u']
    .flatMap((option) =>
      addresses.flatMap((address) => [
        `-A ${option} ${address} -s rr`,
        ...TARGETS.map((target) => `-a ${option} ${address} -r ${target} -m -w 1`),
      ]),
    )
    .map((line) => `${line}\n`)
    .join('');
}

const IPVS_RULES = `*nat
:KUBE-LOAD-BALANCER - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-NODE-PORT - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-SERVICES - [0:0]
-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
${MASQUERADE}
-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ
-A KUBE-NODE-PORT -p tcp -m comment --comment "Kubernetes nodeport TCP port for masquerade purpose" -m set --match-set KUBE-NODE-PORT-TCP dst -j KUBE-MARK-MASQ
-A KUBE-NODE-PORT -p udp -m comment --comment "Kubernetes nodeport UDP port for masquerade purpose" -m set --match-set KUBE-NODE-PORT-UDP dst -j KUBE-MARK-MASQ
-A KUBE-SERVICES ! -s ${PODS} -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst -j KUBE-MARK-MASQ
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
${NAT_JUMPS}
COMMIT
*filter
:KUBE-FORWARD - [0:0]
:KUBE-IPVS-FILTER - [0:0]
:KUBE-IPVS-OUT-FILTER - [0:0]
:KUBE-NODE-PORT - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SOURCE-RANGES-FIREWALL - [0:0]
-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
-A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
-A FORWARD -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER
${FORWARD}
-A KUBE-IPVS-FILTER -m set --match-set KUBE-LOAD-BALANCER dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j RETURN
-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT --reject-with icmp-port-unreachable
-A KUBE-NODE-PORT -m comment --comment "Kubernetes health check node port" -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j ACCEPT
-A KUBE-SOURCE-RANGES-FIREWALL -j DROP
COMMIT
`;

/** A Service's chain and those of its endpoints, as kube-proxy names them. */
function nftChains(protocol: string): string {
  const name = `default/web/${protocol}/${protocol.slice(0, 1)}`;
  const toEndpoints = TARGETS.map((target, index) => ({
    chain: `endpoint-${String(index)}HCGMP3X-${name}__${target.replace(':', '/')}`,
    target,
  }));
  const choices = toEndpoints.map(({ chain }, index) => `${String(index)} : goto ${chain}`);
  return [
    ...toEndpoints.map(
      ({ chain, target }) =>
        `	chain ${chain} {
		ip saddr ${target.split(':')[0] ?? ''} jump mark-for-masquerade
		meta l4proto ${protocol} dnat to ${target}
	}`,
    ),
    `	chain service-ULMVA6XW-${name} {
		ip daddr ${VIP} ${protocol} dport 80 ip saddr != ${PODS} jump mark-for-masquerade
		numgen random mod 2 vmap { ${choices.join(', ')} }
	}
	chain external-ULMVA6XW-${name} {
		jump mark-for-masquerade
		goto service-ULMVA6XW-${name}
	}`,
  ].join('\n');
}

const NFTABLES = `table ip kube-proxy {
	comment "rules for kube-proxy";
	chain mark-for-masquerade {
		meta mark set meta mark | 0x00004000
	}
${PROTOCOLS.map(nftChains).join('\n')}
	map service-ips {
		type ipv4_addr . inet_proto . inet_service : verdict
		comment "ClusterIP, ExternalIP and LoadBalancer IP traffic"
		elements = { ${PROTOCOLS.map((each) => `${VIP} . ${each} . 80 : goto service-ULMVA6XW-default/web/${each}/${each.slice(0, 1)}`).join(', ')} }
	}
	map service-nodeports {
		type inet_proto . inet_service : verdict
		comment "NodePort traffic"
		elements = { ${PROTOCOLS.map((each) => `${each} . ${String(NODE_PORT)} : goto external-ULMVA6XW-default/web/${each}/${each.slice(0, 1)}`).join(', ')} }
	}
	chain services {
		ip daddr . meta l4proto . th dport vmap @service-ips
		fib daddr type local ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @service-nodeports
	}
	chain masquerading {
		meta mark & 0x00004000 == 0x00000000 return
		meta mark set meta mark ^ 0x00004000
		masquerade fully-random
	}
	chain nat-prerouting {
		type nat hook prerouting priority dstnat; policy accept;
		jump services
	}
	chain nat-output {
		type nat hook output priority -100; policy accept;
		jump services
	}
	chain nat-postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		jump masquerading
	}
}
table ip6 kube-proxy {
	comment "rules for kube-proxy";
}
`;
