/** Whose client a connection just accepted is, and whether there is room for it. */
import type { Accepted } from './connection.ts';
import type { TcpContext, TcpOptions } from './tcp.ts';
import type { Tally } from '../counts.ts';
import { getSocketName } from '../native/libc.ts';
import { allocate } from '../native/memory.ts';
import {
  SOCKET_ADDRESS_BYTES,
  familyAt,
  ipAt,
  portAt,
  readSocketAddress,
} from '../native/socketAddress.ts';
import type { Memory } from '../native/memory.ts';
import { resetOnClose } from '../native/sockets.ts';
import type { Side } from '../openListeners.ts';

/** `client` holds the client's socket address. A client that is not admitted gets a reset. */
export type Admit = (fd: number, client: Memory, side: Side) => void;

export function createAdmit(
  { descriptors, table, total }: TcpContext,
  { maxConnections }: TcpOptions,
  take: (accepted: Accepted) => void,
): Admit {
  const name = allocate(SOCKET_ADDRESS_BYTES);
  const length = allocate(4);
  /** Made once: typed arrays are dear, and this is done for every connection. */
  const ips = { 4: ipAt(name, 0, 4), 6: ipAt(name, 0, 6) };

  function refuse(fd: number): void {
    resetOnClose(fd);
    descriptors.close(fd);
  }

  /** Count it at its Service and in all; the Service's limit first, which says more. */
  function enter(tally: Tally, most: number | undefined): boolean {
    if (tally.enter(most)) {
      if (total.enter(maxConnections)) return true;
      tally.leave();
    }
    tally.failed('over-limit');
    return false;
  }

  return (fd, client, side) => {
    length.view.setUint32(0, SOCKET_ADDRESS_BYTES, true);
    getSocketName(fd, name.address, length.address);
    const destination = table.find('TCP', ips[familyAt(name, 0)], portAt(name, 0));
    const state = destination && table.service(destination.service);
    if (destination === undefined || state === undefined) {
      total.failed('no-endpoint');
      refuse(fd);
      return;
    }
    if (!enter(state.tally, state.service.maxConnections)) return refuse(fd);
    take({ fd, client: readSocketAddress(client, 0), state, list: destination[side], side });
  };
}
