/** Whose client a connection just accepted is, and whether there is room for it. */
import type { Accepted } from './connection.ts';
import type { TcpContext, TcpOptions } from './tcp.ts';
import type { Tally } from '../counts.ts';
import { SOL_IP, SOL_IPV6, SO_ORIGINAL_DST } from '../native/constants.ts';
import { getOption, getSocketName } from '../native/libc.ts';
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
import type { RelayDestination } from '../../plan/relayTable.ts';

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

  function find(): RelayDestination | undefined {
    return table.find('TCP', ips[familyAt(name, 0)], portAt(name, 0));
  }

  /**
   * Who was led to the listener's own address by translation, as while virtual servers of ipvs mode
   * still stand at the address that was dialled: conntrack knows that one. False for all others.
   */
  function readOriginal(fd: number): boolean {
    const level = familyAt(name, 0) === 4 ? SOL_IP : SOL_IPV6;
    length.view.setUint32(0, SOCKET_ADDRESS_BYTES, true);
    return getOption(fd, level, SO_ORIGINAL_DST, name.address, length.address) === 0;
  }

  return (fd, client, side) => {
    length.view.setUint32(0, SOCKET_ADDRESS_BYTES, true);
    getSocketName(fd, name.address, length.address);
    const destination = find() ?? (readOriginal(fd) ? find() : undefined);
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
