/** Addresses with their port as keys of a Map, made without text where there is a way. */
import { allocate } from '../native/memory.ts';
import type { Memory } from '../native/memory.ts';
import {
  SOCKET_ADDRESS_BYTES,
  familyAt,
  portAt,
  writeSocketAddress,
} from '../native/socketAddress.ts';
import type { SocketAddress } from '../native/socketAddress.ts';

/** A number of 48 bits for IPv4, text of the bytes for IPv6. */
export type SocketKey = number | string;

/** Of the `struct sockaddr` that stands there. */
export function socketKey(from: Memory, at: number): SocketKey {
  const port = portAt(from, at);
  if (familyAt(from, at) === 4) return from.view.getUint32(at + 4) * 65_536 + port;
  // The interface of a link-local address, too.
  return String.fromCharCode(port, ...from.bytes.subarray(at + 8, at + 28));
}

const scratch = allocate(SOCKET_ADDRESS_BYTES);

export function keyOf(address: SocketAddress): SocketKey {
  writeSocketAddress(scratch, 0, address);
  return socketKey(scratch, 0);
}
