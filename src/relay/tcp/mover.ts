/** Moving bytes in one direction, small amounts and large ones. One mover serves a thread. */
import { createCopier } from './copier.ts';
import type { Copier } from './copier.ts';
import type { Flow, Outcome } from './flow.ts';
import type { Pipes } from './pipes.ts';
import { createSplicer } from './splicer.ts';

export interface Mover extends Pick<Copier, 'sendHeld' | 'prefetch'> {
  /** Move what can be moved without waiting. */
  move(flow: Flow): Outcome;
  /** Give back what the direction holds, when the connection is over. */
  release(flow: Flow): void;
}

export function createMover(pipes: Pipes): Mover {
  const copier = createCopier();
  const splicer = createSplicer(pipes);
  return {
    move(flow) {
      if (flow.pipe !== undefined) return splicer.splice(flow, flow.pipe);
      const outcome = copier.copy(flow);
      if (outcome !== 'full') return outcome;
      const pipe = splicer.begin(flow);
      return pipe === undefined ? 'yield' : splicer.splice(flow, pipe);
    },
    sendHeld: copier.sendHeld,
    prefetch: copier.prefetch,
    release(flow) {
      copier.release(flow);
      splicer.release(flow);
    },
  };
}
