/** Datagrams to and from a flow's endpoint, and to another when that one refuses. */
import { createAssignment } from './assignment.ts';
import { createEndpointSockets } from './endpointSockets.ts';
import type { EndpointSocketsContext } from './endpointSockets.ts';
import type { Flow } from './flow.ts';
import { NOTHING } from './keep.ts';
import type { Keeper } from './keep.ts';
import { DATAGRAM_BYTES } from './receive.ts';
import { EAGAIN, EMSGSIZE, ENOBUFS, MSG_DONTWAIT, MSG_NOSIGNAL } from '../native/constants.ts';
import { errno, receive, send } from '../native/libc.ts';
import { allocate } from '../native/memory.ts';

export interface EndpointSideContext extends EndpointSocketsContext {
  readonly keeper: Keeper;
}

export interface EndpointSide {
  /** Find the flow an endpoint; false, and counted, when there is none for it. */
  open(flow: Flow): boolean;
  /** False when all endpoints have refused. */
  send(flow: Flow, address: number, length: number): boolean;
  /**
   * Receive a datagram: its length, -1 when there was none. An endpoint that refused is left for
   * another, which gets the datagram kept; undefined when all have refused.
   */
  receive(flow: Flow, to: number): number | undefined;
  close(flow: Flow): void;
}

/** Losses as datagrams suffer them anywhere; the endpoint is not to blame. */
const LOSSES: ReadonlySet<number> = new Set([EAGAIN, ENOBUFS, EMSGSIZE]);

export function createEndpointSide(context: EndpointSideContext): EndpointSide {
  const { loop, keeper } = context;
  const assignment = createAssignment(createEndpointSockets(context), loop.now);
  const scratch = allocate(DATAGRAM_BYTES);

  /** Go to another endpoint, with what the last one may not have got. */
  function move(flow: Flow, number: number): boolean {
    assignment.leave(flow, number);
    if (!assignment.assign(flow)) return false;
    const { kept, keptLength } = flow;
    if (kept === undefined || keptLength === NOTHING) return true;
    scratch.bytes.set(kept.subarray(0, keptLength));
    return transmit(flow, scratch.address, keptLength);
  }

  function transmit(flow: Flow, address: number, length: number): boolean {
    while (send(flow.fd, address, length, MSG_DONTWAIT | MSG_NOSIGNAL) === -1) {
      const number = errno();
      if (LOSSES.has(number)) return true;
      // What is refused is the datagram before this one.
      if (!move(flow, number)) return false;
    }
    return true;
  }

  return {
    open: assignment.assign,
    send: transmit,
    receive(flow, to) {
      const length = receive(flow.fd, to, DATAGRAM_BYTES, MSG_DONTWAIT);
      if (length === -1) {
        const number = errno();
        return LOSSES.has(number) || move(flow, number) ? -1 : undefined;
      }
      keeper.answered(flow);
      if (!flow.isAnswered || flow.tried.length > 0) assignment.works(flow);
      return length;
    },
    close: assignment.end,
  };
}
