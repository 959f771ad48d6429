/** From what the operator said and what the Node is, the Policy that every mode honours. */
import type { Scheduler } from '../model/schedulers.ts';
import type {
  IpvsPolicy,
  LocalDetector,
  NodeInfo,
  NodePortAddresses,
  Policy,
  UserspacePolicy,
} from '../model/types.ts';
import { familyOf, parseCidr } from '../net/address.ts';
import type { Cidr, Ip } from '../net/address.ts';
import type { Config } from './schema.ts';

/** Either the Policy, or what the Node must have before there can be one. */
export type PolicyResult =
  | { readonly policy: Policy; readonly missing?: never }
  | { readonly policy?: never; readonly missing: readonly string[] };

/** What was found on the node itself; nothing of it in a dry run. */
export interface NodeFacts {
  /** Whether nf_conntrack_tcp_be_liberal was set already. */
  readonly isConntrackLiberal: boolean;
  /** The kernel's IPVS schedulers, where they are known. */
  readonly schedulers: readonly Scheduler[] | undefined;
}

const UNSEEN: NodeFacts = { isConntrackLiberal: false, schedulers: undefined };

export function policyFrom(
  config: Config,
  node: NodeInfo,
  { isConntrackLiberal, schedulers }: NodeFacts = UNSEEN,
): PolicyResult {
  const missing = missingFacts(config, node);
  if (missing.length > 0) return { missing };
  const { masqueradeBit, masqueradeAll, localhostNodePorts } = config.iptables;
  return {
    policy: {
      // Not 1 << bit, which is negative for bit 31.
      masqueradeMark: 2 ** masqueradeBit,
      masqueradeAll,
      localDetector: localDetector(config, node),
      nodePortAddresses: nodePortAddresses(config, node),
      localhostNodePorts,
      // With the liberal sysctl such packets are not INVALID but wanted (kubernetes #117924).
      dropInvalid: !config.conntrack.tcpBeLiberal && !isConntrackLiberal,
      tcpBeLiberal: config.conntrack.tcpBeLiberal,
      ipvs: config.mode === 'ipvs' ? ipvsPolicy(config, schedulers) : undefined,
      userspace: config.mode === 'userspace' ? userspacePolicy(config) : undefined,
    },
  };
}

function ipvsPolicy({ ipvs }: Config, available: NodeFacts['schedulers']): IpvsPolicy {
  const { scheduler, strictARP, tcpTimeout, tcpFinTimeout, udpTimeout } = ipvs;
  const timeouts = {
    tcp: toSeconds(tcpTimeout),
    tcpFin: toSeconds(tcpFinTimeout),
    udp: toSeconds(udpTimeout),
  };
  return { scheduler, available, strictARP, timeouts };
}

function userspacePolicy({ userspace }: Config): UserspacePolicy {
  const { balancing, bridgeNetfilter, strictARP, keepClientAddress } = userspace;
  const withoutBridgeNetfilter = bridgeNetfilter === 'off';
  return { balancing, withoutBridgeNetfilter, strictARP, keepsClientAddress: keepClientAddress };
}

/** Up, as the kernel counts whole seconds and 0 means something else. */
function toSeconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1000);
}

function missingFacts(config: Config, node: NodeInfo): readonly string[] {
  const missing: string[] = [];
  if (config.detectLocalMode === 'NodeCIDR' && node.podCIDRs.length === 0) {
    missing.push(`spec.podCIDRs of Node ${node.name}, for --detect-local-mode=NodeCIDR`);
  }
  if (config.nodePortAddresses.kind === 'primary' && node.ips.length === 0) {
    missing.push(`an InternalIP or ExternalIP of Node ${node.name}, for --nodeport-addresses`);
  }
  return missing;
}

function localDetector(config: Config, node: NodeInfo): LocalDetector {
  const { bridgeInterface = '', interfaceNamePrefix = '' } = config.detectLocal;
  switch (config.detectLocalMode) {
    case 'ClusterCIDR':
      return cidrDetector(config.clusterCIDR);
    case 'NodeCIDR':
      return cidrDetector(node.podCIDRs);
    case 'BridgeInterface':
      return { kind: 'bridge', interface: bridgeInterface };
    case 'InterfaceNamePrefix':
      return { kind: 'interfacePrefix', prefix: interfaceNamePrefix };
  }
}

function cidrDetector(cidrs: readonly Cidr[]): LocalDetector {
  return cidrs.length === 0 ? { kind: 'none' } : { kind: 'cidr', cidrs };
}

function nodePortAddresses(
  { nodePortAddresses: choice }: Config,
  node: NodeInfo,
): NodePortAddresses {
  if (choice.kind === 'primary') return { kind: 'cidrs', cidrs: node.ips.flatMap(onlyAddress) };
  return choice;
}

/** The CIDR that holds this one address. */
function onlyAddress(ip: Ip): readonly Cidr[] {
  const cidr = parseCidr(`${ip}/${familyOf(ip) === 4 ? '32' : '128'}`);
  return cidr === undefined ? [] : [cidr];
}
