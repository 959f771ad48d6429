/**
 * Which UDP flows must be ended so that their next packet meets the new rules. The kernel keeps a
 * flow where its first packet went for as long as packets come: at an endpoint that is gone, or
 * past an address that became a Service's only later. TCP and SCTP flows are never ended: they
 * notice by themselves, and ending them would break connections that close gracefully.
 */
import type { UdpFlow } from '../kernel/conntrack.ts';
import type { Policy, PortKey, ServicePort, Snapshot } from '../model/types.ts';
import { ipInCidr } from '../net/address.ts';
import type { Ip } from '../net/address.ts';
import { difference, sortedMap } from '../sorted/sortedMap.ts';

/** Whether one flow is stale. */
export type StaleTest = (flow: UdpFlow) => boolean;

/** An address, or a family for every address of the node, and a port. */
type Socket = string & { readonly __brand: 'Socket' };

/** What clients may dial, and the endpoints at which a flow to it may go on. */
type Allowed = ReadonlyMap<Socket, ReadonlySet<Socket>>;

/**
 * The test for flows that the step from `before` to `after` made stale, or undefined when it made
 * none, so that the kernel's table need not be listed. Without `before` every UDP Service counts
 * as changed. A flow to a changed Service goes on only at a serving endpoint, terminating or on
 * another node though it may be; where there is none, or no Service any more, at none.
 * `ownAddresses` are this node's: only there is a NodePort dialled, and a pod's flow to some host
 * outside on the same port number is not ours.
 */
export function staleFlowTest(
  before: Snapshot | undefined,
  after: Snapshot,
  ownAddresses: Iterable<Ip>,
): StaleTest | undefined {
  const allowed = allowedEndpoints(changedUdpPorts(before, after));
  if (allowed.size === 0) return undefined;
  const accepting = [...ownAddresses].filter((ip) => acceptsNodePorts(ip, after.policy));
  const nodePortAddresses = new Set<string>(accepting);
  // All of 127.0.0.0/8 is the node's own, though its interface shows but one address.
  function isOwn(address: string): boolean {
    return nodePortAddresses.has(address.startsWith('127.') ? '127.0.0.1' : address);
  }
  const isAnAddress = serviceSockets(after, isOwn);

  return ({ family, originalDestination, originalPort, replySource, replySourcePort }) => {
    const dialled = socket(originalDestination, originalPort);
    // A load balancer's address may be the node's own; its rules come before a NodePort's.
    const mayBeNodePort = isOwn(originalDestination) && !isAnAddress.has(dialled);
    const nodePort = mayBeNodePort ? socket(family, originalPort) : undefined;
    const endpoints = allowed.get(dialled) ?? (nodePort && allowed.get(nodePort));
    return endpoints !== undefined && !endpoints.has(socket(replySource, replySourcePort));
  };
}

/**
 * The test for a node on which packets take another way from now on: every flow to a Service, since
 * its next packet would go on where the way before led. undefined where no Service has UDP.
 */
export function anyFlowTest(snapshot: Snapshot, ownAddresses: Iterable<Ip>): StaleTest | undefined {
  const ports = Array.from(snapshot.ports.entries(), ([key, port]) => {
    return [key, { ...port, servingEndpoints: [] }] as const;
  });
  return staleFlowTest(undefined, { ...snapshot, ports: sortedMap(ports) }, ownAddresses);
}

/**
 * The test for a node whose flows are relayed from now on. The relay moves them itself; but what
 * another mode translated is stale wherever it goes: TPROXY gives each packet of a client a socket,
 * and the kernel forwards none that has one. undefined where no Service has UDP.
 */
export function translatedFlowTest(
  snapshot: Snapshot,
  ownAddresses: Iterable<Ip>,
): StaleTest | undefined {
  const isDialled = anyFlowTest(snapshot, ownAddresses);
  if (isDialled === undefined) return undefined;
  return (flow) => {
    const { originalDestination, originalPort, replySource, replySourcePort } = flow;
    const isTranslated = originalDestination !== replySource || originalPort !== replySourcePort;
    return isTranslated && isDialled(flow);
  };
}

interface Change {
  readonly was: ServicePort | undefined;
  readonly is: ServicePort | undefined;
}

/** Changes of UDP ports that change where flows may go; costs what changed. */
function changedUdpPorts(before: Snapshot | undefined, after: Snapshot): readonly Change[] {
  const changes: Change[] = [];
  function note(was: ServicePort | undefined, is: ServicePort | undefined): void {
    const isUdp = (is ?? was)?.protocol === 'UDP';
    if (isUdp && flowText(was) !== flowText(is)) changes.push({ was, is });
  }
  difference(before?.ports ?? sortedMap<PortKey, ServicePort>(), after.ports, {
    added: (_key, is) => {
      note(undefined, is);
    },
    removed: (_key, was) => {
      note(was, undefined);
    },
    changed: (_key, was, is) => {
      note(was, is);
    },
  });
  return changes;
}

/** All of a ServicePort that decides about its flows, to be compared. */
function flowText(port: ServicePort | undefined): string {
  if (port === undefined) return '';
  const serving = port.servingEndpoints.map((endpoint) => socket(endpoint.ip, endpoint.port));
  return [...dialledSockets(port), 'to', ...serving].join(',');
}

function allowedEndpoints(changes: readonly Change[]): Allowed {
  const allowed = new Map<Socket, Set<Socket>>();
  for (const { was, is } of changes) {
    // What is dialled no more keeps an empty set, which makes its flows stale; unless another
    // Service took it over, which is then a change too and adds its endpoints.
    for (const dialled of [was, is].flatMap(dialledSockets)) {
      if (!allowed.has(dialled)) allowed.set(dialled, new Set());
    }
    for (const dialled of dialledSockets(is)) {
      for (const { ip, port } of is?.servingEndpoints ?? []) {
        allowed.get(dialled)?.add(socket(ip, port));
      }
    }
  }
  return allowed;
}

function dialledSockets(port: ServicePort | undefined): Socket[] {
  if (port === undefined) return [];
  return port.destinations.map((destination) =>
    socket(destination.ip ?? port.family, destination.port),
  );
}

function acceptsNodePorts(ip: Ip, policy: Policy): boolean {
  const { nodePortAddresses } = policy;
  if (ip === '::1' || (ip.startsWith('127.') && !policy.localhostNodePorts)) return false;
  return (
    nodePortAddresses.kind === 'all' || nodePortAddresses.cidrs.some((cidr) => ipInCidr(ip, cidr))
  );
}

/** The sockets of Services on addresses that are the node's own. */
function serviceSockets(
  snapshot: Snapshot,
  isOwn: (address: string) => boolean,
): ReadonlySet<Socket> {
  const found = new Set<Socket>();
  for (const port of snapshot.ports.values()) {
    if (port.protocol !== 'UDP') continue;
    for (const { ip, port: number } of port.destinations) {
      if (ip !== undefined && isOwn(ip)) found.add(socket(ip, number));
    }
  }
  return found;
}

function socket(address: string | number, port: number): Socket {
  return `${String(address)} ${String(port)}` as Socket;
}
