/** The chapter on what grows with the number of Services. */
import type { Comparison } from '../../schema.ts';
import { barChart } from '../charts/barChart.ts';
import type { Bar } from '../charts/barChart.ts';
import { lineChart } from '../charts/lineChart.ts';
import type { Line } from '../charts/lineChart.ts';
import { FIGURE_METRICS, figureOf, measured, metricNamed } from '../metrics.ts';
import { printNumber } from '../numbers.ts';
import type { Spread } from '../statistics.ts';
import { figuresTable } from '../tables.ts';
import { charts, figure, heading, legend, note, table } from './parts.ts';

interface Growing {
  readonly title: string;
  readonly unit: string;
  of(subject: string, size: number): Spread | undefined;
}

export function growthChapter(comparison: Comparison): string {
  const { sizes } = comparison.effort;
  const draw = sizes.length > 1 ? drawLines : drawBars;
  const figures = growing(comparison).flatMap((each) => draw(comparison, each));
  if (figures.length === 0) return '';
  return [
    heading(2, sizes.length > 1 ? 'What grows with the number of Services' : 'What an agent costs'),
    sizes.length > 1 ? legend(comparison) : '',
    charts(figures),
    ...sizes.map((size) => table(figuresTable(comparison, size))),
    note(
      'Start is from starting the agents of both nodes until a connection from a pod is answered. ' +
        'One change is from telling the API server of another endpoint until a new connection is ' +
        'answered by it, after a second of quiet. Memory is what is resident.',
    ),
  ].join('');
}

function growing(comparison: Comparison): readonly Growing[] {
  const path = comparison.paths[0]?.id ?? '';
  const speeds = ['connect-p50', 'connect-p99', 'connections'].map((id): Growing => {
    const { title, unit } = metricNamed(id);
    return {
      ...{ title, unit },
      of: (subject, size) => measured(comparison, metricNamed(id), { subject, size, path }),
    };
  });
  const figures = FIGURE_METRICS.map(({ id, title, unit }): Growing => ({
    ...{ title, unit: unit === '' ? 'how many' : unit },
    of: (subject, size) => figureOf(comparison, id, { subject, size }),
  }));
  return comparison.effort.sizes.length > 1 ? [...speeds, ...figures] : figures;
}

/** Even steps from size to size, as those are ten times each other. */
function drawLines(comparison: Comparison, { title, unit, of }: Growing): readonly string[] {
  const { sizes } = comparison.effort;
  const lines = comparison.subjects.flatMap(({ id }, colour): Line[] => {
    const known = sizes.flatMap((size, x) => {
      const spread = of(id, size);
      return spread === undefined ? [] : [{ x, spread }];
    });
    if (known.length === 0) return [];
    const points = known.map(({ x, spread }) => ({ x, y: spread.median }));
    return [{ colour, points, ranges: known.map(({ spread }) => spread) }];
  });
  if (lines.length === 0) return [];
  const ticks = sizes.map((size, at) => ({ at, text: size.toLocaleString('en') }));
  const x = { title: 'other Services', ticks };
  return [figure(title, lineChart({ title, x, y: { title: unit }, lines }))];
}

function drawBars(comparison: Comparison, { title, unit, of }: Growing): readonly string[] {
  const size = comparison.effort.sizes[0] ?? 0;
  const bars = comparison.subjects.flatMap(({ id, title: name }, colour): Bar[] => {
    const spread = of(id, size);
    if (spread === undefined) return [];
    const { median, low, high } = spread;
    return [{ name, colour, parts: [median], low, high, text: printNumber(median) }];
  });
  return bars.length === 0 ? [] : [figure(title, barChart({ title, unit, bars }))];
}
