/** What happened to connections around a fault: a row for each subject, a mark for each failure. */
import { axisOver, bottomAxis } from './axis.ts';
import type { Axis } from './axis.ts';
import { element, label, line, picture } from './svg.ts';
import type { Frame } from './svg.ts';

export interface TimelineRow {
  readonly name: string;
  /** Seconds after the fault at which attempts that failed were due, before it negative. */
  readonly failed: readonly number[];
  /** The same of attempts whose answer was late. */
  readonly late: readonly number[];
  readonly text: string;
}

export interface Timeline {
  readonly title: string;
  readonly rows: readonly TimelineRow[];
  /** Seconds after the fault. */
  readonly begin: number;
  readonly noticed: number;
  readonly end: number;
}

const ROW = 30;
const SIDES = { width: 440, left: 112, right: 74, top: 22, bottom: 40 };

export function timeline({ title, rows, begin, noticed, end }: Timeline): string {
  const frame: Frame = { ...SIDES, height: SIDES.top + rows.length * ROW + SIDES.bottom };
  const whole = Array.from(
    { length: Math.floor(end) - Math.ceil(begin) + 1 },
    (_, index) => Math.ceil(begin) + index,
  );
  // An axis begins at zero, time here does not.
  const axis = axisOver(
    {
      title: 'seconds after the fault',
      values: [end - begin],
      ticks: whole.map((at) => ({ at: at - begin, text: String(at) })),
    },
    frame.left,
    frame.width - frame.right,
  );
  function place(seconds: number): number {
    return axis.place(seconds - begin);
  }
  const base = frame.height - frame.bottom;
  const shade = element('rect', {
    ...{ x: place(0), y: frame.top, width: place(noticed) - place(0) },
    ...{ height: base - frame.top, class: 'broken' },
  });
  const marks = [
    label('broken', { x: place(0), y: frame.top - 8, class: 'tick' }),
    label('noticed', { x: place(noticed), y: frame.top - 8, class: 'tick' }),
  ];
  const drawn = rows.map((row, index) => drawRow(row, place, frame.top + index * ROW));
  const parts = [shade, bottomAxis(axis, frame), ...marks, ...drawn];
  return picture(frame, title, parts.join(''));
}

function drawRow(row: TimelineRow, place: Axis['place'], top: number): string {
  const middle = top + ROW / 2;
  function ticks(seconds: readonly number[], className: string): string {
    return seconds
      .map((at) =>
        line({ x: place(at), y: top + 6 }, { x: place(at), y: top + ROW - 6 }, className),
      )
      .join('');
  }
  const from = { x: SIDES.left, y: middle };
  const to = { x: SIDES.width - SIDES.right, y: middle };
  return [
    label(row.name, { x: SIDES.left - 8, y: middle + 4, class: 'name', 'text-anchor': 'end' }),
    line(from, to, 'well'),
    ticks(row.late, 'late'),
    ticks(row.failed, 'failed'),
    label(row.text, { x: to.x + 8, y: middle + 4, class: 'value' }),
  ].join('');
}
