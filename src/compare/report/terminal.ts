/** A comparison as tables for a terminal, in Markdown. */
import type { Comparison } from '../schema.ts';
import { checkSummaries } from './checks.ts';
import type { CheckSummary } from './checks.ts';
import { faultSummary } from './failures.ts';
import { FIGURE_METRICS, figureOf, measured, METRICS } from './metrics.ts';
import { printNumber, printSpread } from './numbers.ts';
import { printTable } from './table.ts';

/** All that there is so far of this size: one table for each path, and one for the agents. */
export function printSize(comparison: Comparison, size: number): string {
  const { subjects, paths } = comparison;
  const titles = subjects.map(({ title }) => title);
  const parts = paths.map((path) => {
    const rows = METRICS.map((metric) => {
      const cells = subjects.map(({ id: subject }) =>
        printSpread(measured(comparison, metric, { subject, size, path: path.id })),
      );
      return [`${metric.title}, ${metric.unit}`, ...cells];
    });
    return printTable([path.title, ...titles], rows.filter(hasFigures));
  });
  return [...parts, figuresTable(comparison, size)].join('\n');
}

function hasFigures([, ...cells]: readonly string[]): boolean {
  return cells.some((cell) => cell !== '–');
}

function figuresTable(comparison: Comparison, size: number): string {
  const subjects = comparison.subjects.filter(({ isBaseline }) => !isBaseline);
  const rows = FIGURE_METRICS.map(({ id, title, unit }) => [
    unit === '' ? title : `${title}, ${unit}`,
    ...subjects.map(({ id: subject }) => printSpread(figureOf(comparison, id, { subject, size }))),
  ]);
  const head = `${size.toLocaleString('en')} other Services`;
  return printTable([head, ...subjects.map(({ title }) => title)], rows.filter(hasFigures));
}

/** Evenness, affinity and the client's address. */
export function printChecks(comparison: Comparison): string {
  const rows = checkSummaries(comparison).map((summary) => [
    `${titleOf(comparison.subjects, summary.subject)}: ${titleOf(comparison.paths, summary.path)}`,
    printNumber(summary.unevenness),
    yesOrNo(summary.isAffinityKept),
    yesOrNo(summary.isAddressKept),
    String(summary.failed),
  ]);
  const head = ['what is right', 'unevenness', 'affinity kept', 'client address kept', 'failed'];
  return rows.length === 0 ? '' : printTable(head, rows);
}

function titleOf(named: readonly { readonly id: string; readonly title: string }[], id: string) {
  return named.find((each) => each.id === id)?.title ?? id;
}

function yesOrNo(answer: CheckSummary['isAffinityKept']): string {
  if (answer === undefined) return '–';
  return answer ? 'yes' : 'no';
}

/** What each fault cost; one table for each. */
export function printFailures(comparison: Comparison): string {
  const head = ['failed', 'longest gap, ms', 'failures until, ms', 'slowest answer, ms'];
  const tables = comparison.faults.map((fault) => {
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
    return rows.length === 0 ? '' : printTable([fault.title, ...head], rows);
  });
  return tables.filter((table) => table !== '').join('\n');
}
