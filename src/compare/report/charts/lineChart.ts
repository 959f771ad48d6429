/** Lines over an axis, one for each subject. */
import { axisOver, bottomAxis, leftAxis } from './axis.ts';
import type { Axis, AxisOptions } from './axis.ts';
import { colourClass, element, picture } from './svg.ts';
import type { Frame, Point } from './svg.ts';

export interface Line {
  /** Index of its subject, for the colour. */
  readonly colour: number;
  readonly points: readonly Point[];
  /** Draw each point, too, with the range it may lie in. */
  readonly ranges?: readonly { readonly low: number; readonly high: number }[];
}

export interface LineChart {
  readonly title: string;
  readonly x: Omit<AxisOptions, 'values'>;
  readonly y: Omit<AxisOptions, 'values'>;
  readonly lines: readonly Line[];
}

const FRAME: Frame = { width: 440, height: 270, left: 60, right: 22, top: 28, bottom: 42 };

export function lineChart({ title, x, y, lines }: LineChart): string {
  const points = lines.flatMap((each) => each.points);
  const ends = lines.flatMap((each) => (each.ranges ?? []).flatMap(({ low, high }) => [low, high]));
  const xs = [...points.map((point) => point.x), ...(x.ticks ?? []).map(({ at }) => at)];
  const ys = [...points.map((point) => point.y), ...ends];
  const across = axisOver({ ...x, values: xs }, FRAME.left, FRAME.width - FRAME.right);
  const up = axisOver({ ...y, values: ys }, FRAME.height - FRAME.bottom, FRAME.top);
  const drawn = lines.map((each) => drawLine(each, across, up));
  return picture(FRAME, title, bottomAxis(across, FRAME) + leftAxis(up, FRAME) + drawn.join(''));
}

function drawLine({ colour, points, ranges }: Line, across: Axis, up: Axis): string {
  const placed = points.map(({ x, y }) => ({ x: across.place(x), y: up.place(y) }));
  const path = placed.map(({ x, y }) => `${x.toFixed(1)},${y.toFixed(1)}`).join(' ');
  const className = colourClass(colour);
  const parts = [element('polyline', { points: path, class: `line ${className}` })];
  for (const [index, { low, high }] of (ranges ?? []).entries()) {
    const { x, y } = placed[index] ?? { x: 0, y: 0 };
    const [y1, y2] = [up.place(high), up.place(low)];
    parts.push(element('line', { x1: x, x2: x, y1, y2, class: `range ${className}` }));
    parts.push(element('circle', { cx: x, cy: y, r: 3, class: `dot ${className}` }));
  }
  return parts.join('');
}
