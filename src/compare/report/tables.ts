/** A comparison as tables of texts, for terminals and pages alike. */
import type { Comparison } from '../schema.ts';
import { checkSummaries } from './checks.ts';
import { faultSummary } from './failures.ts';
import { FIGURE_METRICS, figureOf, measured, METRICS } from './metrics.ts';
import type { Metric } from './metrics.ts';
import { printNumber, printSpread } from './numbers.ts';

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Every metric of one path for every subject. */
export function speedTable(
  comparison: Comparison,
  { size, path }: { readonly size: number; readonly path: Comparison['paths'][number] },
  metrics: readonly Metric[] = METRICS,
): Table {
  const { subjects } = comparison;
  const rows = metrics.map((metric) => [
    withUnit(metric),
    ...subjects.map(({ id: subject }) =>
      printSpread(measured(comparison, metric, { subject, size, path: path.id })),
    ),
  ]);
  return withFigures([path.title, ...subjects.map(({ title }) => title)], rows);
}

function withUnit({ title, unit }: { readonly title: string; readonly unit: string }): string {
  return unit === '' ? title : `${title}, ${unit}`;
}

/** Rows in which nothing was measured are left out. */
function withFigures(head: Table['head'], rows: Table['rows']): Table {
  return { head, rows: rows.filter(([, ...cells]) => cells.some((cell) => cell !== NOTHING)) };
}

const NOTHING = printSpread(undefined);

/** What agents cost. */
export function figuresTable(comparison: Comparison, size: number): Table {
  const subjects = modesOf(comparison);
  const rows = FIGURE_METRICS.map((metric) => [
    withUnit(metric),
    ...subjects.map(({ id: subject }) =>
      printSpread(figureOf(comparison, metric.id, { subject, size })),
    ),
  ]);
  const head = `${size.toLocaleString('en')} other Services`;
  return withFigures([head, ...subjects.map(({ title }) => title)], rows);
}

/** All subjects but the baseline. */
export function modesOf({ subjects }: Comparison): Comparison['subjects'] {
  return subjects.filter(({ isBaseline }) => !isBaseline);
}

/** Evenness, affinity and the client's address. */
export function checksTable(comparison: Comparison): Table {
  const rows = checkSummaries(comparison).map((summary) => [
    `${titleOf(comparison.subjects, summary.subject)}: ${titleOf(comparison.paths, summary.path)}`,
    printNumber(summary.unevenness),
    yesOrNo(summary.isAffinityKept),
    yesOrNo(summary.isAddressKept),
    String(summary.failed),
  ]);
  const head = ['what is right', 'unevenness', 'affinity kept', 'client address kept', 'failed'];
  return { head, rows };
}

function titleOf(
  named: readonly { readonly id: string; readonly title: string }[],
  id: string,
): string {
  return named.find((each) => each.id === id)?.title ?? id;
}

function yesOrNo(answer: boolean | undefined): string {
  if (answer === undefined) return NOTHING;
  return answer ? 'yes' : 'no';
}

/** What a fault cost each subject on each path. */
export function faultTable(comparison: Comparison, fault: Comparison['faults'][number]): Table {
  const head = ['failed', 'longest gap, ms', 'failures until, ms', 'slowest answer, ms'];
  const rows = comparison.subjects.flatMap((subject) =>
    comparison.paths.flatMap((path) => {
      const at = { subject: subject.id, path: path.id, fault: fault.id };
      const cost = faultSummary(comparison, at);
      if (cost === undefined) return [];
      return [
        [
          `${subject.title}: ${path.title}`,
          `${printSpread(cost.failed)} of ${String(cost.attempts)}`,
          ...[cost.longestGapMs, cost.healedAfterMs, cost.slowestMs].map(printSpread),
        ],
      ];
    }),
  );
  return { head: [fault.title, ...head], rows };
}
