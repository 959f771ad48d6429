/** The relay's own sockets towards endpoints. */
import { networkInterfaces } from 'node:os';
import type { EndpointAddress } from '../plan/relayTable.ts';
import type { Family } from '../net/family.ts';
import {
  IPV6_TRANSPARENT,
  IP_BIND_ADDRESS_NO_PORT,
  IP_TRANSPARENT,
  SO_MARK,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
} from './native/constants.ts';
import type { SocketAddress } from './native/socketAddress.ts';
import { bindSocket, openSocket, setInt } from './native/sockets.ts';

export interface OutgoingOptions {
  /** Our rules pass packets with this mark by: an endpoint may have the very address dialled. */
  readonly mark: number;
  /** Whether endpoints on this node see the client's address, for clients from elsewhere. */
  readonly keepsClientAddress: boolean;
}

export const OUTGOING_DEFAULTS: OutgoingOptions = { mark: 0x4000, keepsClientAddress: false };

export interface Outgoing {
  /** A socket of SOCK_STREAM or SOCK_DGRAM, or -1 with errno as socket(2) left it. */
  open(family: Family, type: number): number;
  /**
   * Let the socket speak as the client, where its endpoint is a pod on this node, whose answers
   * come by here. Without, or when the kernel refuses, it speaks as the node.
   */
  standInFor(fd: number, client: SocketAddress, endpoint: EndpointAddress): void;
}

/** How long a look at the node's addresses is good for, in milliseconds. */
const LOOK_MS = 5000;

/** `clock` is monotonic, in milliseconds. */
export function createOutgoing(options: OutgoingOptions, clock: () => number): Outgoing {
  let ownAddresses = new Set<string>();
  let lookedAt = -Infinity;

  /** A process on the node itself answers past the rules that bring a pod's answers to us. */
  function isOnNodeItself(endpoint: EndpointAddress): boolean {
    if (clock() - lookedAt > LOOK_MS) {
      lookedAt = clock();
      ownAddresses = readOwnAddresses();
    }
    return ownAddresses.has(hostOf(endpoint));
  }

  return {
    open(family, type) {
      const fd = openSocket(family, type);
      if (fd !== -1) setInt(fd, SOL_SOCKET, SO_MARK, options.mark);
      return fd;
    },
    standInFor(fd, client, endpoint) {
      if (!options.keepsClientAddress || isOnNodeItself(endpoint)) return;
      try {
        if (client.family === 4) setInt(fd, SOL_IP, IP_TRANSPARENT, 1);
        else setInt(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
        // The port is chosen when the endpoint is known, so that many clients can share one.
        setInt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        bindSocket(fd, { ...client, port: 0 });
      } catch {
        // As the node, then: the endpoint is reached, which matters more.
      }
    },
  };
}

function readOwnAddresses(): Set<string> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return new Set(all.map(({ address }) => address));
}

/** `10.244.1.2` of `10.244.1.2:8080`, `fd00::2` of `[fd00::2]:8080`. */
function hostOf(endpoint: EndpointAddress): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
