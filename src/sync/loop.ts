/** One sync at a time; what changes meanwhile makes one next sync. */
import { BEFORE_FIRST_SYNC, changeDue, checkDue, checkUrgent, postponed } from './pacer.ts';
import type { Pace, Pacing } from './pacer.ts';

export interface LoopClock {
  now(): number;
  setTimeout(run: () => void, ms: number): NodeJS.Timeout;
}

export interface SyncTask {
  /**
   * Bring the node in line; `isCheck` also asks to read it first, which the signal may break off.
   * Resolves with how long reading it took, in milliseconds, 0 when it was not read, or undefined
   * when it was broken off. Rejects when the sync failed.
   */
  sync(isCheck: boolean, breakOff: AbortSignal): Promise<number | undefined>;
  /** Whether that failure waits for somebody to act, so that trying again soon is no use. */
  isHopeless(error: unknown): boolean;
}

export interface Loop {
  /** Something changed: sync as soon as the pace allows. Safe to call at any time. */
  wake(): void;
  /** Start nothing more; resolves when the running sync has ended. */
  stop(): Promise<void>;
}

/** The loop sleeps until the first `wake`. */
export function startLoop(task: SyncTask, pacing: Pacing, clock: LoopClock): Loop {
  let pace: Pace = BEFORE_FIRST_SYNC;
  let isChanged = false;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  /** Breaks off the running check, where that may make way for a change. */
  let breakOff = new AbortController();

  function schedule(): void {
    clearTimeout(timer);
    if (running !== undefined || isStopped) return;
    if (!isChanged && pace === BEFORE_FIRST_SYNC) return;
    const due = isChanged ? changeDue(pace, pacing) : checkDue(pace, pacing);
    timer = clock.setTimeout(start, Math.max(0, due - clock.now()));
  }

  function start(): void {
    running = runOnce().finally(() => {
      running = undefined;
      schedule();
    });
  }

  async function runOnce(): Promise<void> {
    const began = clock.now();
    const isUrgent = began >= checkUrgent(pace, pacing);
    const isCheck = isUrgent || (!isChanged && began >= checkDue(pace, pacing));
    breakOff = new AbortController();
    const { signal } = isUrgent ? NEVER : breakOff;
    isChanged = false;
    try {
      const readTookMs = await task.sync(isCheck, signal);
      const now = clock.now();
      // The change that it made way for must not wait for the interval.
      if (readTookMs === undefined) pace = postponed(pace, now);
      else pace = succeeded(pace, now, isCheck ? readTookMs : undefined);
    } catch (error) {
      // The task has reported it; here it only means to try again.
      isChanged = true;
      pace = failed(pace, clock.now(), task.isHopeless(error));
    }
  }

  return {
    wake() {
      isChanged = true;
      breakOff.abort();
      schedule();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

const NEVER = new AbortController();

function succeeded(pace: Pace, now: number, readTookMs: number | undefined): Pace {
  const check = readTookMs === undefined ? {} : { readTookMs, lastCheck: now };
  return { ...pace, ...check, lastEnd: now, failures: 0, isHopeless: false };
}

function failed(pace: Pace, now: number, isHopeless: boolean): Pace {
  return { ...pace, lastEnd: now, failures: pace.failures + 1, isHopeless };
}
