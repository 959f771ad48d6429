/** One bar for each subject, of one part or of several on end, with the spread of the rounds. */
import { axisOver, bottomAxis } from './axis.ts';
import type { Axis } from './axis.ts';
import { colourClass, element, label, line, picture } from './svg.ts';
import type { Frame } from './svg.ts';

export interface Bar {
  readonly name: string;
  /** Index of its subject, for the colour. */
  readonly colour: number;
  /** From the axis on; later ones are paler. */
  readonly parts: readonly number[];
  readonly low: number;
  readonly high: number;
  /** Behind the bar. */
  readonly text: string;
}

export interface BarChart {
  readonly title: string;
  readonly unit: string;
  readonly bars: readonly Bar[];
}

const ROW = 26;
const SIDES = { width: 440, left: 112, right: 74, top: 6, bottom: 40 };

export function barChart({ title, unit, bars }: BarChart): string {
  const frame: Frame = { ...SIDES, height: SIDES.top + bars.length * ROW + SIDES.bottom };
  const values = bars.flatMap(({ high, parts }) => [high, total(parts)]);
  const axis = axisOver({ title: unit, values }, frame.left, frame.width - frame.right);
  const rows = bars.map((bar, index) => drawBar(bar, axis, frame.top + index * ROW));
  return picture(frame, title, bottomAxis(axis, frame) + rows.join(''));
}

function total(parts: readonly number[]): number {
  return parts.reduce((a, b) => a + b, 0);
}

function drawBar({ name, colour, parts, low, high, text }: Bar, axis: Axis, top: number): string {
  const className = colourClass(colour);
  const middle = top + ROW / 2;
  const rectangles = parts.map((_part, index) => {
    const x = axis.place(total(parts.slice(0, index)));
    const width = axis.place(total(parts.slice(0, index + 1))) - x;
    const pale = index === 0 ? '' : ' pale';
    const place = { x, y: top + 4, width: Math.max(0, width), height: ROW - 8 };
    return element('rect', { ...place, class: `bar ${className}${pale}` });
  });
  const [from, to] = [axis.place(low), axis.place(high)];
  return [
    label(name, { x: SIDES.left - 8, y: middle + 4, class: 'name', 'text-anchor': 'end' }),
    ...rectangles,
    line({ x: from, y: middle }, { x: to, y: middle }, 'spread'),
    label(text, { x: Math.max(to, axis.place(total(parts))) + 6, y: middle + 4, class: 'value' }),
  ].join('');
}
