/** One ServicePort as entries of the relay's table, set entries and routes. */
import type { Destination, Endpoint, Relaying, ServicePort } from '../../model/types.ts';
import type { Ip } from '../../net/address.ts';
import { endpointAddress } from '../../plan/relayTable.ts';
import type { EndpointAddress, EndpointList, RelayProtocol } from '../../plan/relayTable.ts';
import { isExternal } from '../iptables/entries.ts';
import { guardMembers } from '../sets/guard.ts';
import { entryText, memberKey } from '../sets/names.ts';
import type { NamedObject, SetName } from '../sets/names.ts';
import { vip } from '../sets/vip.ts';
import type { Ground, PortObjects, SharedObjects } from '../sets/vip.ts';
import { destinationObject, serviceObject } from './names.ts';

/** What the relay can carry; SCTP has no more than its address, where it is refused. */
type RelayedPort = ServicePort & { readonly protocol: RelayProtocol };

/** Everything that a ServicePort wants on the node and of the relay. */
export function portObjects(port: ServicePort, ground: Ground): PortObjects {
  const { destinations, family } = port;
  const shared = destinations.flatMap(({ ip }): readonly SharedObjects[] =>
    ip === undefined ? [] : [{ id: ip, objects: vip(family, ip, ground) }],
  );
  if (!isRelayed(port) || destinations.length === 0) return { own: [], shared };
  const own = destinations.flatMap((destination) => [
    ...tableEntry(port, destination),
    ...members(port, destination),
  ]);
  return { own: [service(port), ...own], shared };
}

function isRelayed(port: ServicePort): port is RelayedPort {
  return port.protocol !== 'SCTP';
}

const PLAIN: Relaying = {
  balancing: 'round-robin',
  maxConnections: undefined,
  proxyProtocol: false,
};

/** It stays without endpoints, too, so that the relay goes on counting and remembering. */
function service(port: RelayedPort): NamedObject {
  return serviceObject({
    name: port.key,
    ...(port.relaying ?? PLAIN),
    affinitySeconds: port.affinitySeconds,
    cluster: addressesOf(port.clusterEndpoints),
    local: addressesOf(port.localEndpoints),
    ending: addressesOf(endingEndpoints(port)),
  });
}

function addressesOf(endpoints: readonly Endpoint[]): readonly EndpointAddress[] {
  return endpoints.map(({ ip, port }) => endpointAddress(ip, port));
}

/** Only flows need to know: a connection goes on whatever the table says. */
function endingEndpoints(port: RelayedPort): readonly Endpoint[] {
  if (port.protocol === 'TCP') return [];
  return port.servingEndpoints.filter(
    (each) => each.isTerminating && !port.clusterEndpoints.includes(each),
  );
}

/** Where somebody at least gets an endpoint. */
function isServed(port: ServicePort, destination: Destination): boolean {
  if (destination.verdict === 'forward') return true;
  const isForOwnClients = destination.verdict === 'drop' && isExternal(destination);
  return isForOwnClients && port.clusterEndpoints.length > 0;
}

function tableEntry(port: RelayedPort, destination: Destination): readonly NamedObject[] {
  if (!isServed(port, destination)) return [];
  const { protocol, family, key } = port;
  const { ip, port: number, policy } = destination;
  const outside: EndpointList = policy === 'Local' ? 'local' : 'cluster';
  const reachesAll = isExternal(destination) && port.clusterEndpoints.length > 0;
  const inside: EndpointList = reachesAll ? 'cluster' : outside;
  return [destinationObject({ protocol, family, ip, port: number, service: key, inside, outside })];
}

function members(port: RelayedPort, destination: Destination): readonly NamedObject[] {
  const { ip } = destination;
  return ip === undefined ? nodePort(port, destination) : address(port, destination, ip);
}

function address(port: RelayedPort, destination: Destination, ip: Ip): readonly NamedObject[] {
  const { family } = port;
  const { verdict, sourceRanges } = destination;
  const entry = entryText(ip, port.protocol, destination.port);
  const sets: SetName[] = [];
  if (isServed(port, destination)) sets.push('KUBE-VIP-PORT');
  if (verdict === 'drop') sets.push('KUBE-VIP-DROP');
  if (verdict === 'reject' && isExternal(destination)) sets.push('KUBE-VIP-REFUSE');
  return [
    ...sets.map((set): NamedObject => [memberKey(family, set, entry), '']),
    ...guardMembers(family, entry, sourceRanges),
  ];
}

/** Without any endpoint it is in no set: nobody listens there, so the kernel refuses by itself. */
function nodePort(port: RelayedPort, destination: Destination): readonly NamedObject[] {
  const entry = String(destination.port);
  const sets: SetName[] = [];
  if (isServed(port, destination)) sets.push(`KUBE-NP-${port.protocol}`);
  if (destination.verdict === 'drop') sets.push(`KUBE-NP-DROP-${port.protocol}`);
  return sets.map((set): NamedObject => [memberKey(port.family, set, entry), '']);
}
