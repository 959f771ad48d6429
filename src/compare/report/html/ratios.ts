/** The chapter for a machine whose speeds mean nothing: everything beside what is straight to the pod. */
import type { Comparison } from '../../schema.ts';
import { measured, METRICS } from '../metrics.ts';
import type { Metric } from '../metrics.ts';
import { figuresTable, modesOf } from '../tables.ts';
import type { Table } from '../tables.ts';
import { heading, note, table } from './parts.ts';

export function ratioChapter(comparison: Comparison): string {
  const { sizes } = comparison.effort;
  const tables = sizes.flatMap((size) =>
    comparison.paths.map((path) => table(ratioTable(comparison, size, path))),
  );
  return [
    heading(2, 'Beside straight to the pod'),
    ...tables,
    ...sizes.map((size) => table(figuresTable(comparison, size))),
    note(
      'How many times what it is straight to the pod, median by median. Milliseconds and megabytes ' +
        'of the agents are of the emulated machine: only beside each other do they say something.',
    ),
  ].join('');
}

function ratioTable(
  comparison: Comparison,
  size: number,
  path: Comparison['paths'][number],
): Table {
  const modes = modesOf(comparison);
  const baseline = comparison.subjects.find(({ isBaseline }) => isBaseline)?.id ?? '';
  function median(metric: Metric, subject: string): number {
    return measured(comparison, metric, { subject, size, path: path.id })?.median ?? NaN;
  }
  const rows = METRICS.filter(({ id }) => !id.includes('-agent')).map((metric) => [
    metric.title,
    ...modes.map(({ id }) => {
      const ratio = median(metric, id) / median(metric, baseline);
      return Number.isFinite(ratio) ? `× ${ratio.toFixed(2)}` : '–';
    }),
  ]);
  const known = rows.filter(([, ...cells]) => cells.some((cell) => cell !== '–'));
  const head = `${path.title}, ${size.toLocaleString('en')} other Services`;
  return { head: [head, ...modes.map(({ title }) => title)], rows: known };
}
