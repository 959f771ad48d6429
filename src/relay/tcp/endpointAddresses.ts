/** Endpoints as connect(2) wants them, parsed once each. */
import type { EndpointAddress } from '../../plan/relayTable.ts';
import { SOL_SOCKET, SO_MARK } from '../native/constants.ts';
import { allocate } from '../native/memory.ts';
import {
  SOCKET_ADDRESS_BYTES,
  parseSocketAddress,
  writeSocketAddress,
} from '../native/socketAddress.ts';
import type { SocketAddress } from '../native/socketAddress.ts';
import { openSocket, setInt } from '../native/sockets.ts';

export interface EndpointAddresses {
  /** A socket of this type to connect to the endpoint with, or -1. */
  open(endpoint: EndpointAddress, type: number): number;
  /** Good until the next call. */
  write(endpoint: EndpointAddress): { readonly address: number; readonly length: number };
}

export interface OwnMark {
  /** By which the rules know what the relay dials, and leave it alone. */
  readonly mark: number;
  /** Whether clients dial this as well: only there could the relay get to itself. */
  readonly isDialled: (address: SocketAddress, type: number) => boolean;
}

/** More than a node's relay dials in a while; then the memory starts anew. */
const MOST = 65_536;

/** Without a mark, endpoints must not be at addresses that clients dial. */
export function createEndpointAddresses(own?: OwnMark): EndpointAddresses {
  const parsed = new Map<EndpointAddress, SocketAddress>();
  const name = allocate(SOCKET_ADDRESS_BYTES);

  function parse(endpoint: EndpointAddress): SocketAddress {
    let address = parsed.get(endpoint);
    if (address !== undefined) return address;
    address = parseSocketAddress(endpoint);
    if (parsed.size >= MOST) parsed.clear();
    parsed.set(endpoint, address);
    return address;
  }

  return {
    open(endpoint, type) {
      const address = parse(endpoint);
      const fd = openSocket(address.family, type);
      const needsMark = fd !== -1 && own?.isDialled(address, type) === true;
      if (needsMark) setInt(fd, SOL_SOCKET, SO_MARK, own.mark);
      return fd;
    },
    write: (endpoint) => ({
      address: name.address,
      length: writeSocketAddress(name, 0, parse(endpoint)),
    }),
  };
}
