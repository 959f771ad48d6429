/** Moving much: through a pipe, so that the bytes need not be copied. */
import { BUFFER_BYTES } from './copier.ts';
import { TURNS, end, restOr } from './flow.ts';
import type { Flow, Outcome } from './flow.ts';
import { PIPE_BYTES } from './pipes.ts';
import type { Pipe, Pipes } from './pipes.ts';
import { SPLICE_F_MOVE, SPLICE_F_NONBLOCK } from '../native/constants.ts';
import { splice } from '../native/libc.ts';

export interface Splicer {
  /** Lend the direction a pipe, if there is one. */
  begin(flow: Flow): Pipe | undefined;
  /** With a direction that has a pipe, which it loses when it moves little again and again. */
  splice(flow: Flow, pipe: Pipe): Outcome;
  /** Take the pipe back, when the connection is over. */
  release(flow: Flow): void;
}

const FLAGS = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
const SMALL_RESTS = 16;

export function createSplicer(pipes: Pipes): Splicer {
  function release(flow: Flow): void {
    if (flow.pipe === undefined) return;
    if (flow.inPipe === 0) pipes.giveBack(flow.pipe);
    else pipes.discard(flow.pipe);
    flow.pipe = undefined;
    flow.streak = 0;
  }

  function rested(flow: Flow, moved: number): void {
    flow.streak = moved < BUFFER_BYTES ? flow.streak + 1 : 0;
    if (flow.streak >= SMALL_RESTS) release(flow);
  }

  return {
    begin(flow) {
      flow.pipe = pipes.take();
      flow.streak = 0;
      return flow.pipe;
    },
    splice(flow, pipe) {
      const before = flow.moved;
      let outcome: Outcome | undefined;
      for (let turn = 0; turn < TURNS && outcome === undefined; turn += 1) {
        outcome = spliceOnce(flow, pipe);
      }
      if (outcome === 'rest' && flow.inPipe === 0) rested(flow, flow.moved - before);
      return outcome ?? 'yield';
    },
    release,
  };
}

/** undefined when there may be more. */
function spliceOnce(flow: Flow, pipe: Pipe): Outcome | undefined {
  // Only an empty pipe is filled: then EAGAIN can but mean that the source is empty.
  if (flow.inPipe === 0) {
    const length = splice(flow.from, pipe.write, PIPE_BYTES, FLAGS);
    if (length <= 0) return length === 0 ? end(flow) : restOr('source-broken');
    flow.inPipe = length;
  }
  const sent = splice(pipe.read, flow.to, flow.inPipe, FLAGS);
  if (sent === -1) {
    flow.isBlocked = true;
    return restOr('sink-broken');
  }
  flow.inPipe -= sent;
  flow.moved += sent;
  return undefined;
}
