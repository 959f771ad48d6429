/** Dialling a pod of this node as the client, so that the pod sees whom it serves. */
import { networkInterfaces } from 'node:os';
import { parseEndpoint } from '../plan/relayTable.ts';
import type { EndpointAddress } from '../plan/relayTable.ts';
import {
  IPV6_TRANSPARENT,
  IP_BIND_ADDRESS_NO_PORT,
  IP_TRANSPARENT,
  SOL_IP,
  SOL_IPV6,
} from './native/constants.ts';
import { bindSocket, setInt } from './native/sockets.ts';
import type { Accepted } from './tcp/connection.ts';

/** Let the socket, not yet connected, speak as the client, where that can be. */
export type StandIn = (fd: number, dialler: Dialler, endpoint: EndpointAddress) => void;

type Dialler = Pick<Accepted, 'client' | 'side' | 'state'>;

export function asTheNode(): void {
  // What the kernel does by itself.
}

/** How long a look at the node's addresses is good for, in milliseconds. */
const LOOK_MS = 5000;

/**
 * To an endpoint on this node, whose answers come by here, for a client from elsewhere: one of this
 * node would be answered without us. When the kernel refuses, the node speaks for itself. `clock` is
 * monotonic, in milliseconds.
 */
export function createStandIn(clock: () => number): StandIn {
  let ownAddresses = new Set<string>();
  let lookedAt = -Infinity;

  /** A process on the node itself answers past the rules that bring a pod's answers to us. */
  function isOnNodeItself(endpoint: EndpointAddress): boolean {
    if (clock() - lookedAt > LOOK_MS) {
      lookedAt = clock();
      ownAddresses = readOwnAddresses();
    }
    return ownAddresses.has(parseEndpoint(endpoint)?.ip ?? '');
  }

  return (fd, { client, side, state }, endpoint) => {
    if (side !== 'outside' || !state.service.local.includes(endpoint)) return;
    if (isOnNodeItself(endpoint)) return;
    try {
      if (client.family === 4) setInt(fd, SOL_IP, IP_TRANSPARENT, 1);
      else setInt(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
      // The port is chosen when the endpoint is known, so that many connections can share one.
      setInt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
      bindSocket(fd, { ...client, port: 0 });
    } catch {
      // As the node, then: the endpoint is reached, which matters more.
    }
  };
}

function readOwnAddresses(): Set<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.map(({ address }) => address));
}
