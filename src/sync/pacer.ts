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
  /** A check made way for a change; the next one does not begin before. */
  readonly postponedUntil: number;
}

export const BEFORE_FIRST_SYNC: Pace = {
  lastEnd: -Infinity,
  failures: 0,
  isHopeless: false,
  readTookMs: 0,
  lastCheck: -Infinity,
  postponedUntil: -Infinity,
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

/** How long a check that made way for a change waits, so that a stream of changes costs little. */
const POSTPONE_MS = 5000;

/** Checks make way for changes, but not for ever: after so many intervals they come first. */
const PATIENCE = 3;

function checkInterval(pace: Pace, pacing: Pacing): number {
  return Math.max(pacing.checkIntervalMs, CHECK_SHARE * pace.readTookMs);
}

/** When the node must be read and compared again. */
export function checkDue(pace: Pace, pacing: Pacing): number {
  return Math.max(pace.lastCheck + checkInterval(pace, pacing), pace.postponedUntil);
}

/** From when on a check no longer makes way for changes. */
export function checkUrgent(pace: Pace, pacing: Pacing): number {
  return pace.lastCheck + PATIENCE * checkInterval(pace, pacing);
}

/** The pace after a check has made way for a change. */
export function postponed(pace: Pace, now: number): Pace {
  return { ...pace, postponedUntil: now + POSTPONE_MS };
}
