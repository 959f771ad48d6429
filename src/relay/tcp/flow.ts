/** One direction of a connection: what one socket gives, the other gets. */
import type { Holding } from './holdings.ts';
import type { Pipe } from './pipes.ts';
import { EAGAIN, SHUT_WR } from '../native/constants.ts';
import { errno, shutdown } from '../native/libc.ts';

/** Mutable: it is the state of a running direction. */
export interface Flow {
  /** Either changes only while nothing was sent yet: another endpoint. */
  from: number;
  to: number;
  /** Read, but not taken by the other side yet. */
  held: Holding | undefined;
  pipe: Pipe | undefined;
  inPipe: number;
  /** Reads in a row that filled the buffer; spliced: rests in a row. */
  streak: number;
  /** The end of `from` was announced. */
  isEnding: boolean;
  /** So was an urgent byte, at which reads stop short, or an error behind what can be read. */
  readsOn: boolean;
  /** `from` has no more. */
  isEnded: boolean;
  /** Waits until `to` can take more. */
  isBlocked: boolean;
  /** Bytes that `to` has taken. */
  moved: number;
}

/**
 * `rest`: wait for the next event. `yield`: there is more, but others want their turn. `ended`: all
 * passed on, and that it was all. Otherwise a side broke the connection.
 */
export type Outcome = 'rest' | 'yield' | 'ended' | 'source-broken' | 'sink-broken';

/** A direction may move that often before others have their turn. */
export const TURNS = 16;

export function createFlow(from: number, to: number): Flow {
  return {
    from,
    to,
    held: undefined,
    pipe: undefined,
    inPipe: 0,
    streak: 0,
    isEnding: false,
    readsOn: false,
    isEnded: false,
    isBlocked: false,
    moved: 0,
  };
}

export function end(flow: Flow): Outcome {
  flow.isEnded = true;
  return 'ended';
}

/** What a call that returned -1 means. */
export function restOr(broken: Outcome): Outcome {
  return errno() === EAGAIN ? 'rest' : broken;
}

/** Pass on that nothing more will come. */
export function shut(flow: Flow): void {
  shutdown(flow.to, SHUT_WR);
}
