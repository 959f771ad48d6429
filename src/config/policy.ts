/** From what the operator said and what the Node is, the Policy that every mode honours. */
import type { LocalDetector, NodeInfo, NodePortAddresses, Policy } from '../model/types.ts';
import { familyOf, parseCidr } from '../net/address.ts';
import type { Cidr, Ip } from '../net/address.ts';
import type { Config } from './schema.ts';

/** Either the Policy, or what the Node must have before there can be one. */
export type PolicyResult =
  | { readonly policy: Policy; readonly missing?: never }
  | { readonly policy?: never; readonly missing: readonly string[] };

/** `isConntrackLiberal`: whether the node's nf_conntrack_tcp_be_liberal was found set already. */
export function policyFrom(
  config: Config,
  node: NodeInfo,
  isConntrackLiberal = false,
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
    },
  };
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
