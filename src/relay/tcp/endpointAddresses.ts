/** Endpoints as connect(2) wants them, parsed once each. */
import type { EndpointAddress } from '../../plan/relayTable.ts';
import type { Family } from '../../net/family.ts';
import { allocate } from '../native/memory.ts';
import {
  SOCKET_ADDRESS_BYTES,
  parseSocketAddress,
  writeSocketAddress,
} from '../native/socketAddress.ts';
import type { SocketAddress } from '../native/socketAddress.ts';

export interface EndpointAddresses {
  familyOf(endpoint: EndpointAddress): Family;
  /** Good until the next call. */
  write(endpoint: EndpointAddress): { readonly address: number; readonly length: number };
}

/** More than a node's relay dials in a while; then the memory starts anew. */
const MOST = 65_536;

export function createEndpointAddresses(): EndpointAddresses {
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
    familyOf: (endpoint) => parse(endpoint).family,
    write: (endpoint) => ({
      address: name.address,
      length: writeSocketAddress(name, 0, parse(endpoint)),
    }),
  };
}
