/** Reading what TPROXY hands over: datagrams, each with the address that its client dialled. */
import { MSG_DONTWAIT } from '../native/constants.ts';
import { allocate } from '../native/memory.ts';
import type { Memory } from '../native/memory.ts';
import { createMessages, originalDestinationAt } from '../native/messages.ts';
import { SOCKET_ADDRESS_BYTES } from '../native/socketAddress.ts';

/** Room for any datagram, and for the next to begin at a round address. */
export const DATAGRAM_BYTES = 65_536;

/** Datagrams fetched by one call: others get their turn after so many. */
const BATCH = 64;

/** One received datagram, good until the next batch. */
export interface Datagram {
  readonly payload: Memory;
  readonly payloadAt: number;
  readonly length: number;
  /** Where the client's `struct sockaddr` stands. */
  readonly names: Memory;
  readonly nameAt: number;
  /** Where that of the dialled address stands. */
  readonly controls: Memory;
  readonly dialledAt: number;
}

/** Reads batches from listeners, one at a time; hands on the same object for each datagram. */
export function createReceiver(): (fd: number, handle: (datagram: Datagram) => void) => void {
  const messages = createMessages(BATCH);
  const payload = allocate(BATCH * DATAGRAM_BYTES);
  const { names, controls } = messages;
  const datagram = { payload, payloadAt: 0, length: 0, names, nameAt: 0, controls, dialledAt: 0 };
  for (let i = 0; i < BATCH; i += 1) {
    messages.setPayload(i, payload.address + i * DATAGRAM_BYTES, DATAGRAM_BYTES);
  }

  return (fd, handle) => {
    const count = messages.receive(fd, MSG_DONTWAIT);
    for (let i = 0; i < count; i += 1) {
      const dialledAt = originalDestinationAt(messages, i);
      if (dialledAt === undefined) continue;
      datagram.payloadAt = i * DATAGRAM_BYTES;
      datagram.length = messages.length(i);
      datagram.nameAt = i * SOCKET_ADDRESS_BYTES;
      datagram.dialledAt = dialledAt;
      handle(datagram);
    }
  };
}
