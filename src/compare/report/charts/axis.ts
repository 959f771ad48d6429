/** An axis: where a value lies, and the ticks that say so. */
import { scaleLinear, scaleLog } from 'd3-scale';
import { printNumber } from '../numbers.ts';
import { label, line } from './svg.ts';
import type { Frame } from './svg.ts';

export interface Tick {
  readonly at: number;
  readonly text: string;
}

export interface AxisOptions {
  readonly title: string;
  readonly isLog?: boolean;
  /** Values that must be on it. */
  readonly values: readonly number[];
  /** Instead of round numbers. */
  readonly ticks?: readonly Tick[];
}

export interface Axis {
  readonly title: string;
  readonly ticks: readonly Tick[];
  place(value: number): number;
}

const USUAL_TICKS = 4;

/** From the pixel `from` to the pixel `to`. A linear one begins at zero. */
export function axisOver(options: AxisOptions, from: number, to: number): Axis {
  const { title, isLog = false, values } = options;
  const known = values.filter((value) => Number.isFinite(value) && (!isLog || value > 0));
  const high = known.reduce((a, b) => Math.max(a, b), isLog ? 1 : 0) || 1;
  const low = isLog ? known.reduce((a, b) => Math.min(a, b), high) : 0;
  const scale = isLog ? scaleLog([low, high], [from, to]) : scaleLinear([low, high], [from, to]);
  if (options.ticks === undefined) scale.nice();
  const round = (): readonly Tick[] =>
    scale.ticks(USUAL_TICKS).map((at) => ({ at, text: printNumber(at) }));
  return {
    title,
    ticks: options.ticks ?? (isLog ? onlyRound(round()) : round()),
    // A logarithm has no zero.
    place: (value) => scale(isLog ? Math.max(value, scale.domain()[0] ?? low) : value),
  };
}

/** Of a logarithmic axis, 1, 2 and 5 of each decade, or less where there are many decades. */
function onlyRound(ticks: readonly Tick[]): readonly Tick[] {
  const digits = ticks.length > MANY_TICKS ? ['1'] : ['1', '2', '5'];
  return ticks.filter(({ at }) => digits.includes(at.toExponential()[0] ?? ''));
}

const MANY_TICKS = 30;

/** Below the frame. */
export function bottomAxis(axis: Axis, { height, left, right, width, bottom, top }: Frame): string {
  const base = height - bottom;
  const ticks = axis.ticks.map(({ at, text }) => {
    const x = axis.place(at);
    const grid = line({ x, y: top }, { x, y: base }, 'grid');
    return grid + label(text, { x, y: base + 15, class: 'tick', 'text-anchor': 'middle' });
  });
  const middle = (left + width - right) / 2;
  const title = { x: middle, y: base + 32, class: 'axis', 'text-anchor': 'middle' };
  return ticks.join('') + label(axis.title, title);
}

/** Left of the frame; its title stands above. */
export function leftAxis(axis: Axis, { left, right, width, top }: Frame): string {
  const ticks = axis.ticks.map(({ at, text }) => {
    const y = axis.place(at);
    const grid = line({ x: left, y }, { x: width - right, y }, 'grid');
    return grid + label(text, { x: left - 6, y: y + 4, class: 'tick', 'text-anchor': 'end' });
  });
  return ticks.join('') + label(axis.title, { x: 0, y: top - 10, class: 'axis' });
}
