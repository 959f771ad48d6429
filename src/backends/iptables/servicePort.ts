/** One ServicePort as rules: what stands in the dispatch tries and in chains of its own. */
import type { Destination, Endpoint, Policy, ServicePort } from '../../model/types.ts';
import type { ObjectKey } from '../backend.ts';
import { affinityEndpointRules, affinityRules, balanceRules, targetText } from './endpoint.ts';
import {
  endpointsOf,
  filterEntry,
  isExternal,
  isForwarded,
  isInline,
  natEntry,
  unlistedPorts,
} from './entries.ts';
import { fromNode, markForMasquerade, unmark } from './guard.ts';
import { localSourceMatches, sourceMatch } from './localDetector.ts';
import { chainKey, endpointChain, serviceChain, setKey } from './names.ts';
import type { ServiceChainKind } from './names.ts';
import type { Entry } from './trie.ts';

/** natIp and filterIp dispatch by address; the others by NodePort. */
export type PortTrie = 'natIp' | 'natNodePort' | 'filterIp' | 'filterNodePort';

export type PortEntries = Readonly<Record<PortTrie, readonly Entry[]>>;

const SET_TEXT = { 4: 'hash:ip family inet', 6: 'hash:ip family inet6' } as const;

/** What a ServicePort adds to each dispatch trie. */
export function portEntries(port: ServicePort): PortEntries {
  const entries = { natIp: [], natNodePort: [], filterIp: [], filterNodePort: [] };
  const found: Record<PortTrie, Entry[]> = entries;
  for (const destination of port.destinations) {
    const isNodePort = destination.ip === undefined;
    const nat = natEntry(port, destination);
    const filter = filterEntry(port, destination);
    if (nat !== undefined) found[isNodePort ? 'natNodePort' : 'natIp'].push(nat);
    if (filter !== undefined) found[isNodePort ? 'filterNodePort' : 'filterIp'].push(filter);
    if (destination.kind === 'ClusterIP') found.filterIp.push(unlistedPorts(port, destination));
  }
  return found;
}

/** The chains and sets that a ServicePort needs for itself; most need none. */
export function portObjects(
  port: ServicePort,
  policy: Policy,
): readonly (readonly [ObjectKey, string])[] {
  return isInline(port) ? [] : [...chains(port, policy), ...affinitySets(port)];
}

function chains(port: ServicePort, policy: Policy): (readonly [ObjectKey, string])[] {
  const found: (readonly [ObjectKey, string])[] = [];
  const add = (chain: string, rules: readonly string[]): void => {
    const text = rules.map((rule) => `-A ${chain} ${rule}`).join('\n');
    found.push([chainKey(port.family, 'nat', chain), text]);
  };
  const needed = neededChains(port);
  if (needed.has('FW')) add(serviceChain('FW', port), firewallRules(port));
  if (needed.has('EXT')) add(serviceChain('EXT', port), externalRules(port, policy));
  if (needed.has('SVC')) add(serviceChain('SVC', port), policyRules(port, 'Cluster'));
  if (needed.has('SVL')) add(serviceChain('SVL', port), policyRules(port, 'Local'));
  for (const endpoint of affinityEndpoints(port, needed)) {
    const rules = affinityEndpointRules(port, endpoint, port.affinitySeconds ?? 0);
    add(endpointChain(port, targetText(endpoint)), rules);
  }
  return found;
}

/** Only chains that something jumps to. */
function neededChains(port: ServicePort): ReadonlySet<ServiceChainKind> {
  const needed = new Set<ServiceChainKind>();
  for (const destination of port.destinations) {
    if (!isForwarded(destination)) continue;
    if (!isExternal(destination)) {
      needed.add(destination.policy === 'Local' ? 'SVL' : 'SVC');
      continue;
    }
    if (destination.sourceRanges !== undefined) needed.add('FW');
    needed.add('EXT');
    needed.add('SVC');
    if (destination.policy === 'Local' && port.localEndpoints.length > 0) needed.add('SVL');
  }
  return needed;
}

function policyRules(port: ServicePort, policy: Destination['policy']): readonly string[] {
  const endpoints = endpointsOf(port, policy);
  if (port.affinitySeconds !== undefined) return affinityRules(port, endpoints);
  return balanceRules(endpoints, '', port.protocol);
}

/** Clients from outside, and how a Local policy lets this node's own clients reach everything. */
function externalRules(port: ServicePort, policy: Policy): readonly string[] {
  const cluster = serviceChain('SVC', port);
  const isLocal = port.destinations.some((each) => isExternal(each) && each.policy === 'Local');
  if (!isLocal) return [markForMasquerade(), `-j ${cluster}`];
  return [
    // The root of the dispatch marks whoever is no pod; a Local policy keeps the client's address.
    ...unmark(policy, port.family),
    ...localSourceMatches(policy.localDetector, port.family).map(
      (match) => `${match}-j ${cluster}`,
    ),
    ...fromNode(cluster),
    ...(port.localEndpoints.length > 0 ? [`-j ${serviceChain('SVL', port)}`] : []),
  ];
}

/** Admit the listed sources; the rest falls through and is dropped in the filter table. */
function firewallRules(port: ServicePort): readonly string[] {
  const guarded = port.destinations.filter((each) => each.sourceRanges !== undefined);
  const ranges = guarded.at(0)?.sourceRanges ?? [];
  const external = serviceChain('EXT', port);
  return ranges.map((range) => `${sourceMatch(range)}-j ${external}`);
}

/** Endpoints with a chain of their own: those that some chain of the port leads to. */
function affinityEndpoints(
  port: ServicePort,
  needed: ReadonlySet<ServiceChainKind>,
): readonly Endpoint[] {
  if (port.affinitySeconds === undefined) return [];
  const byTarget = new Map<string, Endpoint>();
  const reached = [
    ...(needed.has('SVC') ? port.clusterEndpoints : []),
    ...(needed.has('SVL') ? port.localEndpoints : []),
  ];
  for (const endpoint of reached) byTarget.set(targetText(endpoint), endpoint);
  return [...byTarget.values()];
}

function affinitySets(port: ServicePort): (readonly [ObjectKey, string])[] {
  return affinityEndpoints(port, neededChains(port)).map((endpoint) => [
    setKey(port.family, endpointChain(port, targetText(endpoint))),
    SET_TEXT[port.family],
  ]);
}
