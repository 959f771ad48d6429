/** How long to wait between attempts. */
export interface BackoffLimits {
  /** The upper bound of the first delay; every further failure doubles it. */
  readonly baseMs: number;
  readonly capMs: number;
}

/** What the API's own clients use. */
export const API_BACKOFF: BackoffLimits = { baseMs: 800, capMs: 30_000 };

/**
 * The delay before the next attempt after `failures` failures in a row (1 for the first).
 * Full jitter: anything from nothing to the bound, so that thousands of nodes that lost the same
 * API server at once do not come back at once. `random` yields numbers in [0, 1).
 */
export function backoffDelay(
  failures: number,
  random: () => number,
  limits: BackoffLimits = API_BACKOFF,
): number {
  const bound = Math.min(limits.capMs, limits.baseMs * 2 ** (failures - 1));
  return Math.floor(random() * bound);
}
