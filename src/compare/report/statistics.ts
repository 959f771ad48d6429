/** The few statistics that the report needs. */

/** The middle of the values, between the two in the middle of an even number; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? NaN;
  const lower = sorted[Math.ceil(half) - 1] ?? NaN;
  return (lower + upper) / 2;
}

/** The least value that `share` of the values do not exceed (nearest rank); NaN for none. */
export function quantile(values: readonly number[], share: number): number {
  return quantileOfSorted(
    values.toSorted((a, b) => a - b),
    share,
  );
}

/** The same of values that are sorted already. */
function quantileOfSorted(sorted: readonly number[], share: number): number {
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? NaN;
}

export function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** A median with the least and the largest value beside it. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  /** How many values there were. */
  readonly rounds: number;
}

/** undefined for no values. Values that are not numbers (nothing was measured) do not count. */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const known = values.filter(Number.isFinite);
  if (known.length === 0) return undefined;
  return {
    median: median(known),
    low: known.reduce((a, b) => Math.min(a, b)),
    high: known.reduce((a, b) => Math.max(a, b)),
    rounds: known.length,
  };
}

/**
 * Pearson's chi-squared of counts that should be equal, for each degree of freedom: about 1 where
 * chance picks, 0 where turns are taken, far above 1 where some are preferred. NaN below two counts.
 */
export function unevenness(counts: readonly number[]): number {
  const expected = sum(counts) / counts.length;
  const squared = sum(counts.map((count) => (count - expected) ** 2 / expected));
  return squared / (counts.length - 1 || NaN);
}
