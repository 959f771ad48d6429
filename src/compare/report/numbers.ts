/** Numbers as people read them. */
import type { Spread } from './statistics.ts';

/** Three digits that count, with commas between thousands; a dash for what is not known. */
export function printNumber(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** `123 (110–140)`; the bare number where all rounds agree. */
export function printSpread(spread: Spread | undefined): string {
  if (spread === undefined) return '–';
  const { median, low, high } = spread;
  const [middle, least, most] = [median, low, high].map(printNumber);
  if (least === most) return String(middle);
  return `${String(middle)} (${String(least)}–${String(most)})`;
}
