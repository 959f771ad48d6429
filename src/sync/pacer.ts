/** When the next sync may start. Pure: times are milliseconds of any one clock. */

export interface Pacing {
  /** From the end of one sync to the start of the next, at least. */
  readonly minIntervalMs: number;
  /** Between checks that the node still holds what we wrote, at least. */
  readonly checkIntervalMs: number;
}

export interface Pace {
  /** End of the last sync; -Infinity before the first. */
  readonly lastEnd: number;
  /** Syncs that failed since the last success. */
  readonly failures: number;
  /** The last failure will not heal by itself: a program is missing, we may not change rules. */
  readonly isHopeless: boolean;
  /** How long reading the node took, the last time. */
  readonly readTookMs: number;
  readonly lastCheck: number;
}

export const BEFORE_FIRST_SYNC: Pace = {
  lastEnd: -Infinity,
  failures: 0,
  isHopeless: false,
  readTookMs: 0,
  lastCheck: -Infinity,
};

/** A check reads all rules there are; it may take a tenth of a core, so it waits 10 times its length. */
const CHECK_SHARE = 10;

/** First retry after a failure; doubled from then on, up to the check interval. */
const FIRST_RETRY_MS = 500;

/** Earliest start of a sync for a change: at once after quiet, later after a failure. */
export function changeDue(pace: Pace, pacing: Pacing): number {
  if (pace.failures === 0) return pace.lastEnd + pacing.minIntervalMs;
  const limit = Math.max(pacing.checkIntervalMs, pacing.minIntervalMs);
  if (pace.isHopeless) return pace.lastEnd + limit;
  const backoff = FIRST_RETRY_MS * 2 ** (pace.failures - 1);
  return pace.lastEnd + Math.min(Math.max(backoff, pacing.minIntervalMs), limit);
}

/** When the node must be read and compared again. */
export function checkDue(pace: Pace, pacing: Pacing): number {
  return pace.lastCheck + Math.max(pacing.checkIntervalMs, CHECK_SHARE * pace.readTookMs);
}
