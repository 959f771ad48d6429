/** The middle of the values, between the two in the middle of an even number; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  const upper = sorted[Math.floor(half)] ?? NaN;
  const lower = sorted[Math.ceil(half) - 1] ?? NaN;
  return (lower + upper) / 2;
}

/** The largest of the values; NaN for none. */
export function worst(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), values[0] ?? NaN);
}

export function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
