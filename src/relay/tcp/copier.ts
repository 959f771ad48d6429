/** Moving small amounts: through one buffer of the thread. */
import { TURNS, end, restOr } from './flow.ts';
import type { Flow, Outcome } from './flow.ts';
import { EAGAIN, MSG_MORE, MSG_NOSIGNAL } from '../native/constants.ts';
import { errno, read, send } from '../native/libc.ts';
import { allocate } from '../native/memory.ts';

export interface Copier {
  /** `full`: as much as this came again and again, which is better spliced. */
  copy(flow: Flow): Outcome | 'full';
  /** Send what is held, and read nothing. */
  sendHeld(flow: Flow): Outcome;
  /** Read a little of what is there before it can be sent. */
  prefetch(flow: Flow): void;
}

export const BUFFER_BYTES = 64 * 1024;
/** Every connection that waits for its endpoint may hold as much. */
const PREFETCH_BYTES = 4096;
const FULL_READS = 2;

/**
 * Sockets are watched edge-triggered: whoever stops before a socket is empty must come back by
 * itself, and a short read means empty.
 */
export function createCopier(): Copier {
  const buffer = allocate(BUFFER_BYTES);

  /** undefined when all was taken. */
  function sendOn(flow: Flow, length: number, isLast: boolean): Outcome | undefined {
    // The last bytes and the FIN may share a packet.
    const flags = isLast ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
    const sent = send(flow.to, buffer.address, length, flags);
    const taken = Math.max(0, sent);
    flow.moved += taken;
    if (taken === length) return undefined;
    const isBroken = sent === -1 && errno() !== EAGAIN;
    flow.held = buffer.bytes.slice(taken, length);
    flow.isBlocked = true;
    return isBroken ? 'sink-broken' : 'rest';
  }

  function sendHeld(flow: Flow): Outcome | undefined {
    const { held } = flow;
    if (held === undefined) return undefined;
    buffer.bytes.set(held);
    flow.held = undefined;
    return sendOn(flow, held.length, false);
  }

  /** undefined when there may be more. */
  function copyOnce(flow: Flow): Outcome | 'full' | undefined {
    const length = read(flow.from, buffer.address, BUFFER_BYTES);
    if (length <= 0) return length === 0 ? end(flow) : restOr('source-broken');
    const isShort = length < BUFFER_BYTES && !flow.readsOn;
    // The FIN was there before, so with a short read all has been read.
    const isLast = isShort && flow.isEnding;
    const outcome = sendOn(flow, length, isLast);
    if (outcome !== undefined) return outcome;
    if (isLast) return end(flow);
    if (isShort) return 'rest';
    flow.streak += 1;
    return flow.streak >= FULL_READS ? 'full' : undefined;
  }

  return {
    copy(flow) {
      let outcome: Outcome | 'full' | undefined = sendHeld(flow);
      for (let turn = 0; turn < TURNS && outcome === undefined; turn += 1) outcome = copyOnce(flow);
      if (outcome !== 'full') flow.streak = 0;
      return outcome ?? 'yield';
    },
    sendHeld: (flow) => sendHeld(flow) ?? 'rest',
    prefetch(flow) {
      const length = read(flow.from, buffer.address, PREFETCH_BYTES);
      if (length > 0) flow.held = buffer.bytes.slice(0, length);
    },
  };
}
