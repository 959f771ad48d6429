/** What one destination of a ServicePort brings into the dispatch of the nat and filter tables. */
import type { Destination, Endpoint, ServicePort } from '../../model/types.ts';
import { addressKey, portDigits } from './dispatch.ts';
import { balanceRules } from './endpoint.ts';
import { sourceMatch } from './localDetector.ts';
import { serviceChain, servicePortText } from './names.ts';
import type { Entry } from './trie.ts';

/** Up to this many endpoints stand right in the dispatch chain: a chain costs as much as a rule. */
const INLINE_ENDPOINTS = 4;

/** Reached from outside the cluster, too. */
export function isExternal(destination: Destination): boolean {
  return destination.kind !== 'ClusterIP';
}

/**
 * Whether nat does anything for it. Pods and the node itself get through a Local policy that drops
 * outsiders, ClusterIPs apart. Nobody gets through source ranges that admit nobody.
 */
export function isForwarded(destination: Destination): boolean {
  if (destination.sourceRanges?.length === 0) return false;
  if (destination.verdict === 'drop') return isExternal(destination);
  return destination.verdict === 'forward';
}

/** Small Services inside the cluster need no chain. */
export function isInline(port: ServicePort): boolean {
  return (
    port.affinitySeconds === undefined &&
    port.destinations.every(
      (each) => !isExternal(each) && endpointsOf(port, each.policy).length <= INLINE_ENDPOINTS,
    )
  );
}

export function endpointsOf(port: ServicePort, policy: Destination['policy']): readonly Endpoint[] {
  return policy === 'Local' ? port.localEndpoints : port.clusterEndpoints;
}

/** Where nat sends packets for this destination; undefined when it leaves them alone. */
export function natEntry(port: ServicePort, destination: Destination): Entry | undefined {
  if (!isForwarded(destination)) return undefined;
  if (isInline(port)) {
    const weight = endpointsOf(port, destination.policy).length;
    return entry(port, destination, weight, () => inlineRules(port, destination));
  }
  return entry(port, destination, 1, () => {
    const match = destinationMatch(port, destination) + commentMatch(port);
    return [`${match}-j ${entryChain(port, destination)}`];
  });
}

function entry(
  port: ServicePort,
  destination: Destination,
  weight: number,
  rules: () => readonly string[],
): Entry {
  const key = portDigits(destination.ip, port.protocol, destination.port);
  return { key, id: `${port.key} ${destination.kind}`, weight, rules };
}

/** `-d 10.96.0.1/32 -p tcp -m tcp --dport 80 `; without an address for NodePorts. */
function destinationMatch(port: ServicePort, destination: Destination): string {
  const protocol = port.protocol.toLowerCase();
  const bits = port.family === 4 ? '32' : '128';
  const address = destination.ip === undefined ? '' : `-d ${destination.ip}/${bits} `;
  return `${address}-p ${protocol} -m ${protocol} --dport ${String(destination.port)} `;
}

function commentMatch(port: ServicePort): string {
  return `-m comment --comment "${servicePortText(port)}" `;
}

/** The comment stands on the first rule only: in the legacy variant each costs 288 bytes. */
function inlineRules(port: ServicePort, destination: Destination): readonly string[] {
  const match = destinationMatch(port, destination);
  const rules = balanceRules(endpointsOf(port, destination.policy), match, port.protocol);
  return rules.map((rule, index) =>
    index === 0 ? match + commentMatch(port) + rule.slice(match.length) : rule,
  );
}

function entryChain(port: ServicePort, destination: Destination): string {
  if (destination.sourceRanges !== undefined) return serviceChain('FW', port);
  if (isExternal(destination)) return serviceChain('EXT', port);
  return serviceChain(destination.policy === 'Local' ? 'SVL' : 'SVC', port);
}

/** What meets packets that nat left alone: refused, dropped, or outside the source ranges. */
export function filterEntry(port: ServicePort, destination: Destination): Entry | undefined {
  const { verdict, sourceRanges } = destination;
  const match = destinationMatch(port, destination) + commentMatch(port);
  if (sourceRanges !== undefined) {
    // Blocked sources are dropped whatever the endpoints; only admitted ones learn that none are.
    const refused = verdict === 'reject' ? sourceRanges : [];
    return entry(port, destination, refused.length + 1, () => [
      ...refused.map((range) => `${sourceMatch(range)}${match}-j KUBE-REJECT`),
      `${match}-j DROP`,
    ]);
  }
  if (verdict === 'drop') return entry(port, destination, 1, () => [`${match}-j DROP`]);
  // A ClusterIP refuses every port that is not forwarded, see unlistedPorts.
  if (verdict === 'forward' || !isExternal(destination)) return undefined;
  return entry(port, destination, 1, () => [`${match}-j KUBE-REJECT`]);
}

/**
 * Whatever reaches the filter table for a ClusterIP was not forwarded: refuse it, as kube-proxy's
 * nftables mode does, instead of letting it leave the node for nowhere. It stands while the
 * Service exists, so endpoints that come and go never touch the filter table.
 */
export function unlistedPorts(port: ServicePort, destination: Destination): Entry {
  const { ip } = destination;
  if (ip === undefined) throw new TypeError('expected a ClusterIP destination with an address');
  const bits = port.family === 4 ? '32' : '128';
  return {
    key: addressKey(ip),
    id: port.key,
    weight: 1,
    rules: () => [`-d ${ip}/${bits} -j KUBE-REJECT`],
  };
}
