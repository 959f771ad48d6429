/** Datagrams from endpoints on their way to clients, sent many at a time. */
import { DATAGRAM_BYTES } from './receive.ts';
import type { Dialled, Flow } from './flow.ts';
import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../native/constants.ts';
import { allocate } from '../native/memory.ts';
import { createMessages } from '../native/messages.ts';
import { SOCKET_ADDRESS_BYTES } from '../native/socketAddress.ts';

export interface Replies {
  /** Where the next datagram is to be received: room for DATAGRAM_BYTES. */
  room(): number;
  /** What was received there goes to this flow's client, at the end of the loop's round. */
  push(flow: Flow, length: number): void;
  /** Send what waits now. */
  flush(): void;
}

const BATCH = 64;

/** `soon` calls when the loop's round is over. */
export function createReplies(soon: (run: () => void) => void): Replies {
  const messages = createMessages(BATCH);
  const payload = allocate(BATCH * DATAGRAM_BYTES);
  const from: (Dialled | undefined)[] = new Array<Dialled | undefined>(BATCH).fill(undefined);
  let count = 0;
  let isFlushDue = false;

  /** From `first` on, those that leave by the same socket. */
  function endOfRun(first: number): number {
    let end = first + 1;
    while (end < count && from[end] === from[first]) end += 1;
    return end;
  }

  function sendRun(fd: number, first: number, end: number): void {
    for (let next = first; next < end;) {
      const sent = messages.send(fd, next, end - next, MSG_DONTWAIT | MSG_NOSIGNAL);
      // The one that cannot be sent is lost, as datagrams may be; the others go on.
      next += sent === -1 ? 1 : sent;
    }
  }

  function flush(): void {
    for (let first = 0; first < count;) {
      const end = endOfRun(first);
      const fd = from[first]?.replyFd ?? -1;
      if (fd !== -1) sendRun(fd, first, end);
      first = end;
    }
    from.fill(undefined, 0, count);
    count = 0;
  }

  function flushAtEnd(): void {
    isFlushDue = false;
    flush();
  }

  return {
    room() {
      if (count === BATCH) flush();
      return payload.address + count * DATAGRAM_BYTES;
    },
    push({ dialled, client }, length) {
      if (!isFlushDue) soon(flushAtEnd);
      isFlushDue = true;
      from[count] = dialled;
      messages.names.bytes.set(client, count * SOCKET_ADDRESS_BYTES);
      messages.setName(count, client.length);
      messages.setPayload(count, payload.address + count * DATAGRAM_BYTES, length);
      count += 1;
    },
    flush,
  };
}
