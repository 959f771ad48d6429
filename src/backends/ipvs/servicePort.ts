/** One ServicePort as virtual servers, set entries and routes. */
import type { Destination, Endpoint, Policy, ServicePort } from '../../model/types.ts';
import { socketText } from '../../net/address.ts';
import type { Ip } from '../../net/address.ts';
import type { ObjectKey } from '../backend.ts';
import type { Scheduler } from '../../model/schedulers.ts';
import { guardMembers } from '../sets/guard.ts';
import { entryText, memberKey, PORT_HOSTS } from '../sets/names.ts';
import type { NamedObject, SetName } from '../sets/names.ts';
import { vip } from '../sets/vip.ts';
import type { Ground, PortObjects, SharedObjects } from '../sets/vip.ts';
import { isExternal } from '../iptables/entries.ts';
import { clientMarks } from './clientMarks.ts';
import { serverKey, serviceKey } from './names.ts';

/** Everything that a ServicePort wants on the node. */
export function portObjects(port: ServicePort, ground: Ground): PortObjects {
  const { policy } = ground;
  const own: NamedObject[] = [];
  const shared: SharedObjects[] = [];
  for (const destination of port.destinations) {
    if (destination.ip === undefined) own.push(...nodePort(port, destination, policy));
    else {
      own.push(...address(port, destination, destination.ip, policy));
      shared.push({ id: destination.ip, objects: vip(port.family, destination.ip, ground) });
      shared.push(...ownClients(port, destination, destination.ip, policy));
    }
  }
  return { own, shared };
}

function address(
  port: ServicePort,
  destination: Destination,
  ip: Ip,
  policy: Policy,
): readonly NamedObject[] {
  const entry = entryText(ip, port.protocol, destination.port);
  const objects: NamedObject[] = [];
  const member = (set: SetName): void => {
    objects.push([memberKey(port.family, set, entry), '']);
  };
  if (destination.verdict === 'forward') {
    objects.push(...listed(port, destination, ip, policy));
  }
  if (destination.verdict === 'drop') member('KUBE-VIP-DROP');
  if (isExternal(destination) && destination.verdict === 'reject') member('KUBE-VIP-REFUSE');
  if (isExternal(destination) && destination.policy === 'Cluster') member('KUBE-EXT');
  return [...objects, ...guardMembers(port.family, entry, destination.sourceRanges)];
}

/** A virtual server at `ip`, and its entry in the record of what is ours and in the list of what is let in. */
function listed(
  port: ServicePort,
  destination: Destination,
  ip: Ip,
  policy: Policy,
): readonly NamedObject[] {
  const at = `${port.protocol} ${socketText(ip, destination.port)}`;
  const entry = entryText(ip, port.protocol, destination.port);
  return [
    [memberKey(port.family, 'KUBE-VIP-OURS', entry), ''],
    [memberKey(port.family, 'KUBE-VIP-PORT', entry), ''],
    ...virtualServer(port, at, endpointsOf(port, destination.policy), policy),
  ];
}

/**
 * This node's pods and the node itself reach every endpoint although the policy is Local: a mark
 * leads them to virtual servers of their own, which persistence does not know (a client by mark
 * cannot be given another port and be remembered, ip_vs_core.c), so that affinity is by hash.
 */
function ownClients(
  port: ServicePort,
  destination: Destination,
  ip: Ip,
  policy: Policy,
): readonly SharedObjects[] {
  if (!isExternal(destination) || destination.policy !== 'Local') return [];
  if (port.clusterEndpoints.length === 0) return [];
  const { pod, node } = clientMarks(`${port.key} ${ip} ${String(destination.port)}`, policy);
  const entry = entryText(ip, port.protocol, destination.port);
  const mark = `skbmark 0x${pod.toString(16)}`;
  const canHash = policy.ipvs?.available?.includes('sh') ?? true;
  const hashed: ServicePort =
    port.affinitySeconds === undefined
      ? port
      : { ...port, affinitySeconds: undefined, scheduler: canHash ? 'sh' : port.scheduler };
  const objects: NamedObject[] = [[memberKey(port.family, 'KUBE-EXT-LOCAL', entry), mark]];
  for (const each of [pod, node]) {
    const at = `FWM ${String(each)}`;
    objects.push(...virtualServer(hashed, at, port.clusterEndpoints, policy));
  }
  return [{ id: `mark ${String(pod)}`, objects }];
}

function nodePort(
  port: ServicePort,
  destination: Destination,
  policy: Policy,
): readonly NamedObject[] {
  const hosts = PORT_HOSTS[port.family];
  const isLocal = destination.policy === 'Local';
  const set: SetName = `${isLocal ? 'KUBE-NPL' : 'KUBE-NP'}-${port.protocol}`;
  const objects: NamedObject[] = [[memberKey(port.family, set, String(destination.port)), '']];
  if (destination.verdict === 'forward') {
    objects.push(...listed(port, destination, hosts.any, policy));
  }
  if (destination.verdict === 'drop') {
    const entry = entryText(hosts.any, port.protocol, destination.port);
    objects.push([memberKey(port.family, 'KUBE-VIP-DROP', entry), '']);
  }
  if (isLocal && port.clusterEndpoints.length > 0) {
    objects.push(...listed(port, { ...destination, policy: 'Cluster' }, hosts.inside, policy));
  }
  return objects;
}

function endpointsOf(port: ServicePort, policy: Destination['policy']): readonly Endpoint[] {
  return policy === 'Local' ? port.localEndpoints : port.clusterEndpoints;
}

function virtualServer(
  port: ServicePort,
  at: string,
  endpoints: readonly Endpoint[],
  policy: Policy,
): readonly NamedObject[] {
  const objects = new Map<ObjectKey, string>();
  objects.set(serviceKey(port.family, at), serviceText(port, policy));
  // UDP flows have no end that one could wait for: those to a pod that ends in peace stay with it.
  const ending =
    port.protocol === 'UDP' ? port.servingEndpoints.filter((each) => each.isTerminating) : [];
  for (const { ip, port: number } of ending) {
    objects.set(serverKey(port.family, at, socketText(ip, number)), '0');
  }
  for (const { ip, port: number, weight } of endpoints) {
    objects.set(serverKey(port.family, at, socketText(ip, number)), String(weight));
  }
  return [...objects];
}

/**
 * Flags of the schedulers that hash, as `ipvsadm -S` prints them. Without fallback a client whose
 * endpoint ends its connections is refused (ip_vs_sh.c, ip_vs_mh.c). `mh` looks at the client's port
 * too, as kube-proxy has it.
 */
const SCHEDULER_FLAGS: Partial<Record<Scheduler, string>> = {
  sh: ' -b sh-fallback',
  mh: ' -b mh-fallback,mh-port',
};

/** As `ipvsadm -S` prints it. */
function serviceText(port: ServicePort, { ipvs }: Policy): string {
  const scheduler = port.scheduler ?? ipvs?.scheduler ?? 'rr';
  const affinity = port.affinitySeconds === undefined ? '' : ` -p ${String(port.affinitySeconds)}`;
  return `-s ${scheduler}${affinity}${SCHEDULER_FLAGS[scheduler] ?? ''}`;
}
