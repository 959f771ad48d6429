/** Pipes for splice: opened when a direction moves much, lent to the next when it rests. */
import { F_SETPIPE_SZ, O_CLOEXEC, O_NONBLOCK } from '../native/constants.ts';
import type { Descriptors } from '../native/descriptors.ts';
import { control, pipe } from '../native/libc.ts';
import { allocate } from '../native/memory.ts';

export interface Pipe {
  readonly read: number;
  readonly write: number;
}

export interface Pipes {
  /** An empty pipe, or undefined when descriptors are short: then bytes are copied instead. */
  take(): Pipe | undefined;
  /** The pipe must be empty. */
  giveBack(pipe: Pipe): void;
  /** Close a pipe that still holds bytes. */
  discard(pipe: Pipe): void;
}

/** What a pipe holds. More moves no more at a time: a socket's own buffers are the limit. */
export const PIPE_BYTES = 256 * 1024;
/** So many stay open unused. */
const SPARE = 32;

export interface PipeOptions {
  readonly descriptors: Descriptors;
  /** With that many descriptors open, pipes are no longer opened. */
  readonly limit: number;
}

export function createPipes({ descriptors, limit }: PipeOptions): Pipes {
  const spare: Pipe[] = [];
  const ends = allocate(8);

  function open(): Pipe | undefined {
    if (descriptors.open() + 2 > limit) return undefined;
    if (pipe(ends.address, O_NONBLOCK | O_CLOEXEC) === -1) return undefined;
    const read = descriptors.hold(ends.view.getInt32(0, true));
    const write = descriptors.hold(ends.view.getInt32(4, true));
    // Where the user's share of pipe memory is used up it keeps its size.
    control(write, F_SETPIPE_SZ, PIPE_BYTES);
    return { read, write };
  }

  function discard({ read, write }: Pipe): void {
    descriptors.close(read);
    descriptors.close(write);
  }

  return {
    take: () => spare.pop() ?? open(),
    giveBack(empty) {
      if (spare.length < SPARE) spare.push(empty);
      else discard(empty);
    },
    discard,
  };
}
