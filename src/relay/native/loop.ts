/** One thread's loop: descriptors by epoll, timers, and work put off until the next round. */
import { createEpoll } from './epoll.ts';
import type { Epoll } from './epoll.ts';
import { createTimers } from './timers.ts';
import type { Timer } from './timers.ts';

export interface Loop extends Pick<
  Epoll,
  'fd' | 'watch' | 'change' | 'unwatch' | 'forget' | 'close'
> {
  /** Milliseconds of the clock when this round began: exact enough for time-outs. */
  now(): number;
  /** Call once, that many milliseconds from now or a little later; few different lengths, please. */
  after(ms: number, run: () => void): Timer;
  /** Call in the next round, before it waits: for work that yields to the other descriptors. */
  soon(run: () => void): void;
  /** Handle events until `stop`, for good. What a timer or `soon` throws comes out here. */
  run(): void;
  stop(): void;
}

/** `clock` is monotonic, in milliseconds. Throws a SystemError. */
export function createLoop(clock: () => number): Loop {
  const epoll = createEpoll();
  const timers = createTimers();
  let putOff: (() => void)[] = [];
  let now = clock();
  let isStopped = false;

  function runPutOff(): void {
    const due = putOff;
    putOff = [];
    for (const run of due) run();
  }

  function round(): void {
    const count = epoll.wait(putOff.length > 0 ? 0 : timers.wait(now));
    now = clock();
    for (let index = 0; index < count; index += 1) epoll.dispatch(index);
    timers.run(now);
    if (putOff.length > 0) runPutOff();
  }

  return {
    fd: epoll.fd,
    watch: epoll.watch,
    change: epoll.change,
    unwatch: epoll.unwatch,
    forget: epoll.forget,
    close: epoll.close,
    now: () => now,
    after: (ms, run) => timers.add(now, ms, run),
    soon(run) {
      putOff.push(run);
    },
    run() {
      while (!isStopped) round();
    },
    stop() {
      isStopped = true;
    },
  };
}
