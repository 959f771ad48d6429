/** Sockets that send from an address that clients dialled. */
import type { Dialled } from './flow.ts';
import {
  IPV6_TRANSPARENT,
  IP_TRANSPARENT,
  SOCK_DGRAM,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SO_REUSEADDR,
} from '../native/constants.ts';
import type { Descriptors } from '../native/descriptors.ts';
import { bindSocket, openSocket, setInt } from '../native/sockets.ts';
import { check } from '../native/systemError.ts';

export type DialledAs = Pick<Dialled, 'key' | 'address' | 'destination'>;

/** Throws a SystemError, such as EADDRINUSE where another program stands at that address. */
export function openDialled(
  { key, address, destination }: DialledAs,
  descriptors: Descriptors,
): Dialled {
  const opened = check(openSocket(address.family, SOCK_DGRAM), 'socket', 'SOCK_DGRAM');
  const fd = descriptors.hold(opened);
  try {
    if (address.family === 4) setInt(fd, SOL_IP, IP_TRANSPARENT, 1);
    else setInt(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
    // The process before or after this one has such a socket, too. They receive nothing: TPROXY
    // comes first.
    setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    bindSocket(fd, address);
  } catch (error) {
    descriptors.close(fd);
    throw error;
  }
  return { key, address, destination, replyFd: fd, flows: new Map() };
}
