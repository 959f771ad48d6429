export { median, sum } from '../../src/compare/report/statistics.ts';

/** The largest of the values; NaN for none. */
export function worst(values: readonly number[]): number {
  return values.reduce((a, b) => Math.max(a, b), values[0] ?? NaN);
}
