/** Moving small amounts: through one buffer of the thread. */
import { TURNS, end, restOr } from './flow.ts';
import type { Flow, Outcome } from './flow.ts';
import { createHoldings } from './holdings.ts';
import type { Holding } from './holdings.ts';
import { EAGAIN, MSG_MORE, MSG_NOSIGNAL } from '../native/constants.ts';
// Not read and write, which take a longer way through the kernel to the same.
import { errno, receive, send } from '../native/libc.ts';

export interface Copier {
  /** `full`: as much as this came again and again, which is better spliced. */
  copy(flow: Flow): Outcome | 'full';
  /** Send what is held, and read nothing. */
  sendHeld(flow: Flow): Outcome;
  /** Read a little of what is there before it can be sent. */
  prefetch(flow: Flow): void;
  /** Give back what is held, when the connection is over. */
  release(flow: Flow): void;
}

export const BUFFER_BYTES = 64 * 1024;
const SPARE_BUFFERS = 16;
/** Every connection that waits for its endpoint may hold as much. */
const PREFETCH_BYTES = 4096;
const SPARE_PREFETCHES = 256;
const FULL_READS = 2;

/**
 * Sockets are watched edge-triggered: whoever stops before a socket is empty must come back by
 * itself, and a short read means empty.
 */
export function createCopier(): Copier {
  const buffers = createHoldings(BUFFER_BYTES, SPARE_BUFFERS);
  const prefetches = createHoldings(PREFETCH_BYTES, SPARE_PREFETCHES);
  let buffer = buffers.take();

  function release(flow: Flow): void {
    if (flow.held === undefined) return;
    buffers.giveBack(flow.held);
    prefetches.giveBack(flow.held);
    flow.held = undefined;
  }

  /** undefined when all was taken. */
  function sendHeld(flow: Flow): Outcome | undefined {
    const outcome = flow.held && sendOn(flow, flow.held, false);
    if (outcome === undefined) release(flow);
    return outcome;
  }

  /** undefined when there may be more. */
  function copyOnce(flow: Flow): Outcome | 'full' | undefined {
    const length = receive(flow.from, buffer.memory.address, BUFFER_BYTES, 0);
    if (length <= 0) return length === 0 ? end(flow) : restOr('source-broken');
    const isShort = length < BUFFER_BYTES && !flow.readsOn;
    // The FIN was there before, so with a short read all has been read.
    const isLast = isShort && flow.isEnding;
    buffer.from = 0;
    buffer.length = length;
    const outcome = sendOn(flow, buffer, isLast);
    if (outcome !== undefined) {
      flow.held = buffer;
      buffer = buffers.take();
      return outcome;
    }
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
      const held = prefetches.take();
      const length = receive(flow.from, held.memory.address, PREFETCH_BYTES, 0);
      held.from = 0;
      held.length = length;
      if (length > 0) flow.held = held;
      else prefetches.giveBack(held);
    },
    release,
  };
}

/** undefined when all was taken. */
function sendOn(flow: Flow, holding: Holding, isLast: boolean): Outcome | undefined {
  // The last bytes and the FIN may share a packet.
  const flags = isLast ? MSG_NOSIGNAL | MSG_MORE : MSG_NOSIGNAL;
  const sent = send(flow.to, holding.memory.address + holding.from, holding.length, flags);
  const isBroken = sent === -1 && errno() !== EAGAIN;
  const taken = Math.max(0, sent);
  flow.moved += taken;
  holding.from += taken;
  holding.length -= taken;
  if (holding.length === 0) return undefined;
  flow.isBlocked = true;
  return isBroken ? 'sink-broken' : 'rest';
}
