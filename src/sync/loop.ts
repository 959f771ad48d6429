/** One sync at a time; what changes meanwhile makes one next sync. */
import { BEFORE_FIRST_SYNC, changeDue, checkDue } from './pacer.ts';
import type { Pace, Pacing } from './pacer.ts';

export interface LoopClock {
  now(): number;
  setTimeout(run: () => void, ms: number): NodeJS.Timeout;
}

export interface SyncTask {
  /**
   * Bring the node in line; `isCheck` also asks to read it first. Resolves with how long reading
   * it took, in milliseconds, 0 when it was not read. Rejects when the sync failed.
   */
  sync(isCheck: boolean): Promise<number>;
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
    const isCheck = clock.now() >= checkDue(pace, pacing);
    isChanged = false;
    let failures = 0;
    let isHopeless = false;
    let readTookMs = 0;
    try {
      readTookMs = await task.sync(isCheck);
    } catch (error) {
      // The task has reported it; here it only means to try again.
      failures = pace.failures + 1;
      isHopeless = task.isHopeless(error);
      isChanged = true;
    }
    const lastEnd = clock.now();
    const check = isCheck ? { readTookMs, lastCheck: lastEnd } : {};
    pace = { ...pace, ...check, lastEnd, failures, isHopeless };
  }

  return {
    wake() {
      isChanged = true;
      schedule();
    },
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}
