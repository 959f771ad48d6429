/** Timers of few different lengths: one queue a length, so that adding and stopping cost the same. */

export interface Timer {
  /** Whether it has run or not; again is fine. */
  stop(): void;
}

export interface Timers {
  add(now: number, ms: number, run: () => void): Timer;
  /** Run what is due. */
  run(now: number): void;
  /** Milliseconds until the next is due, rounded up; -1 when there is none. */
  wait(now: number): number;
}

interface Entry extends Timer {
  readonly due: number;
  /** undefined once stopped or run, so that it holds on to nothing. */
  run: (() => void) | undefined;
}

/** Those of one length, soonest first; the first `gone` are over. */
interface Queue {
  entries: Entry[];
  gone: number;
}

/** Entries that are over are cut off when they are as many as this and half of their queue. */
const CUT_AT = 64;

export function createTimers(): Timers {
  const queues = new Map<number, Queue>();

  /** The first that still waits. */
  function first(queue: Queue): Entry | undefined {
    while (queue.gone < queue.entries.length) {
      const entry = queue.entries[queue.gone];
      if (entry?.run !== undefined) return entry;
      queue.gone += 1;
    }
    return undefined;
  }

  function cut(queue: Queue): void {
    if (queue.gone < CUT_AT || queue.gone * 2 < queue.entries.length) return;
    queue.entries = queue.entries.slice(queue.gone);
    queue.gone = 0;
  }

  function runQueue(queue: Queue, now: number): void {
    for (let entry = first(queue); entry !== undefined; entry = first(queue)) {
      if (entry.due > now) break;
      const { run } = entry;
      entry.run = undefined;
      run?.();
    }
    cut(queue);
  }

  return {
    add(now, ms, run) {
      const entry: Entry = {
        due: now + ms,
        run,
        stop() {
          entry.run = undefined;
        },
      };
      const queue = queues.get(ms);
      if (queue === undefined) queues.set(ms, { entries: [entry], gone: 0 });
      else queue.entries.push(entry);
      return entry;
    },
    run(now) {
      for (const queue of queues.values()) runQueue(queue, now);
    },
    wait(now) {
      let due = Infinity;
      for (const queue of queues.values()) due = Math.min(due, first(queue)?.due ?? Infinity);
      return due === Infinity ? -1 : Math.max(0, Math.ceil(due - now));
    },
  };
}
