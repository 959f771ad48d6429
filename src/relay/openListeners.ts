/**
 * The sockets that clients reach by TPROXY: bound to addresses that belong to no network, so that
 * nobody else reaches them, at the first port of a range at which no other process stands. Another
 * process can so stand beside this one, and the rules are turned from one to the other.
 */
import { steerByClient } from './filters.ts';
import {
  EADDRINUSE,
  IPV6_RECVORIGDSTADDR,
  IPV6_TRANSPARENT,
  IPV6_V6ONLY,
  IP_RECVORIGDSTADDR,
  IP_TRANSPARENT,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SOL_TCP,
  SO_REUSEPORT,
  TCP_NODELAY,
} from './native/constants.ts';
import type { Descriptors } from './native/descriptors.ts';
import { listen } from './native/libc.ts';
import { ipBytes } from './native/socketAddress.ts';
import { bindSocket, moveAbove, openSocket, setInt } from './native/sockets.ts';
import { check } from './native/systemError.ts';
import type { SystemError } from './native/systemError.ts';
import type { Family } from '../net/family.ts';

/** Clients of this node itself and of its pods come by other listeners than all others. */
export type Side = 'inside' | 'outside';

export interface Listener {
  readonly fd: number;
  readonly side: Side;
  readonly family: Family;
}

export interface Listeners {
  readonly port: number;
  /** By worker. */
  readonly tcp: readonly (readonly Listener[])[];
  readonly udp: readonly Listener[];
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

const LISTENER_ADDRESSES: Readonly<Record<Family, Readonly<Record<Side, string>>>> = {
  4: { outside: '192.0.0.8', inside: '192.0.0.9' },
  6: { outside: '100::8', inside: '100::9' },
};
/** In the order of opening. They are closed the other way round: openSocketLookup.ts leads to the first. */
const SIDES = ['inside', 'outside'] as const;
/** The kernel takes no more than its own limit, net.core.somaxconn. */
const BACKLOG = 65_535;

export interface ListenerOptions {
  /** The listeners stand at the first port that is free. */
  readonly ports: PortRange;
  /**
   * The port to which rules of an earlier process lead, to be taken only when no other is free:
   * clients would come before the table is there, and are better left without an answer until then.
   */
  readonly lastChoice?: number | undefined;
  readonly families: readonly Family[];
  /** Their descriptors are higher than this one. */
  readonly above?: number | undefined;
  /** Threads that serve, 1 to 64; the first also serves UDP. */
  readonly workers: number;
}

/** Throws when no port of the range is free, or with the SystemError of whatever else is wrong. */
export function openListeners(options: ListenerOptions, descriptors: Descriptors): Listeners {
  const { first, last } = options.ports;
  const ports = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  const { lastChoice } = options;
  for (const port of ports.sort((a, b) => Number(a === lastChoice) - Number(b === lastChoice))) {
    const listeners = openAt(port, options, descriptors);
    if (listeners !== undefined) return listeners;
  }
  throw new Error(`no free port from ${first} to ${last} for the listeners of userspace mode`);
}

/** undefined when somebody stands there. */
function openAt(
  port: number,
  { families, workers, above = 0 }: ListenerOptions,
  descriptors: Descriptors,
): Listeners | undefined {
  const opened: Listener[] = [];
  function open(place: Place, type: number): Listener {
    const fd = descriptors.hold(
      moveAbove(above, check(openSocket(place.family, type), 'socket', '')),
    );
    const listener = { fd, side: place.side, family: place.family };
    opened.push(listener);
    return listener;
  }
  try {
    const places = families.flatMap((family) => SIDES.map((side) => ({ family, side, port })));
    const udp = places.map((place) => bindUdp(place, open(place, SOCK_DGRAM)));
    const groups = places.map((place) =>
      bindGroup(
        place,
        Array.from({ length: workers }, () => open(place, SOCK_STREAM)),
      ),
    );
    const tcp = Array.from({ length: workers }, (_, worker) =>
      groups.flatMap((group) => group.slice(worker, worker + 1)),
    );
    return { port, tcp, udp };
  } catch (error) {
    for (const { fd } of opened) descriptors.close(fd);
    if ((error as SystemError).errno === EADDRINUSE) return undefined;
    throw error;
  }
}

interface Place {
  readonly family: Family;
  readonly side: Side;
  readonly port: number;
}

function bindUdp(place: Place, listener: Listener): Listener {
  if (place.family === 4) setInt(listener.fd, SOL_IP, IP_RECVORIGDSTADDR, 1);
  else setInt(listener.fd, SOL_IPV6, IPV6_RECVORIGDSTADDR, 1);
  bindTransparently(place, listener);
  return listener;
}

/** One listener a worker; the client's address says which worker serves it. */
function bindGroup(place: Place, group: readonly Listener[]): readonly Listener[] {
  for (const [index, listener] of group.entries()) {
    // Accepted sockets have it from their listener: a call fewer each.
    setInt(listener.fd, SOL_TCP, TCP_NODELAY, 1);
    // The first is bound before: with SO_REUSEPORT it would go beside another process's unnoticed.
    if (index > 0) setInt(listener.fd, SOL_SOCKET, SO_REUSEPORT, 1);
    bindTransparently(place, listener);
    if (group.length > 1) setInt(listener.fd, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  for (const { fd } of group) check(listen(fd, BACKLOG), 'listen', `at port ${place.port}`);
  const [first] = group;
  if (first !== undefined && group.length > 1) steerByClient(first.fd, place.family, group.length);
  return group;
}

/** To an address that is not the node's own. */
function bindTransparently({ family, side, port }: Place, { fd }: Listener): void {
  if (family === 4) setInt(fd, SOL_IP, IP_TRANSPARENT, 1);
  else {
    setInt(fd, SOL_IPV6, IPV6_V6ONLY, 1);
    setInt(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
  }
  bindSocket(fd, { family, ip: ipBytes(LISTENER_ADDRESSES[family][side]), port });
}
