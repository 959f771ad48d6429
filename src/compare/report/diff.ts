/** What differs between two reports beyond chance. */
import type { Comparison, Report } from '../schema.ts';
import { checkSummaries } from './checks.ts';
import { faultSummary } from './failures.ts';
import { FIGURE_METRICS, figureOf, measured, METRICS } from './metrics.ts';
import { printSpread } from './numbers.ts';
import type { Spread } from './statistics.ts';
import { printTable } from './table.ts';
import { modesOf } from './tables.ts';
import { mayBeChance } from './verdict.ts';

export interface Change {
  /** Which subject, path and size. */
  readonly where: string;
  readonly what: string;
  readonly old: string;
  readonly new: string;
  /** Of the median, in percent; undefined where that says nothing. */
  readonly percent?: number;
  readonly verdict: 'better' | 'worse';
}

export interface Difference {
  /** The largest first. */
  readonly changes: readonly Change[];
  /** How many values both reports have. */
  readonly compared: number;
  /** Why the two can hardly be compared: other machines, too few rounds. */
  readonly doubts: readonly string[];
}

/** A change smaller than that is none that anybody acts on, however sure it is. */
const LEAST_PERCENT = 3;

/** Comparisons are matched by where they ran; what only one of the reports has is left out. */
export function differenceOf(old: Report, next: Report): Difference {
  const pairs = next.comparisons.flatMap((comparison) => {
    const before = old.comparisons.find(({ about }) => about.where === comparison.about.where);
    return before === undefined ? [] : [[before, comparison] as const];
  });
  if (pairs.length === 0) {
    return {
      changes: [],
      compared: 0,
      doubts: ['they were not measured in the same kind of place'],
    };
  }
  const values = pairs.flatMap(([before, after]) => valuePairs(before, after));
  const changes = values.flatMap(changeOf).toSorted((a, b) => sizeOf(b) - sizeOf(a));
  const rights = pairs.flatMap(([before, after]) => rightChanges(before, after));
  return {
    changes: [...rights, ...changes],
    compared: values.length,
    doubts: pairs.flatMap(([before, after]) => doubtsOf(before, after)),
  };
}

function sizeOf({ percent = Infinity }: Change): number {
  return Math.abs(percent);
}

interface ValuePair {
  readonly where: string;
  readonly what: string;
  readonly better: 'less' | 'more';
  readonly old: Spread | undefined;
  readonly new: Spread | undefined;
}

function valuePairs(before: Comparison, after: Comparison): readonly ValuePair[] {
  const pairs = [
    ...speedPairs(before, after),
    ...figurePairs(before, after),
    ...faultPairs(before, after),
  ];
  return pairs.filter((pair) => pair.old !== undefined && pair.new !== undefined);
}

function services(size: number): string {
  return `${size.toLocaleString('en')} Services`;
}

function speedPairs(before: Comparison, after: Comparison): readonly ValuePair[] {
  return after.subjects.flatMap(({ id: subject, title }) =>
    after.effort.sizes.flatMap((size) =>
      after.paths.flatMap((path) =>
        METRICS.map((metric) => {
          const cell = { subject, size, path: path.id };
          return {
            where: `${title}, ${services(size)}, ${path.title}`,
            ...{ what: `${metric.title}, ${metric.unit}`, better: metric.better },
            old: measured(before, metric, cell),
            new: measured(after, metric, cell),
          };
        }),
      ),
    ),
  );
}

function figurePairs(before: Comparison, after: Comparison): readonly ValuePair[] {
  return modesOf(after).flatMap(({ id: subject, title }) =>
    after.effort.sizes.flatMap((size) =>
      FIGURE_METRICS.map(({ id, title: what, better }) => ({
        ...{ where: `${title}, ${services(size)}`, what, better },
        old: figureOf(before, id, { subject, size }),
        new: figureOf(after, id, { subject, size }),
      })),
    ),
  );
}

/** Only whether more or fewer failed; their times follow from that. */
function faultPairs(before: Comparison, after: Comparison): readonly ValuePair[] {
  return modesOf(after).flatMap(({ id: subject, title }) =>
    after.faults.flatMap((fault) =>
      after.paths.map((path) => {
        const at = { subject, path: path.id, fault: fault.id };
        return {
          ...{ where: `${title}, ${path.title}`, what: `failed while ${fault.title}` },
          better: 'less' as const,
          old: faultSummary(before, at)?.failed,
          new: faultSummary(after, at)?.failed,
        };
      }),
    ),
  );
}

function changeOf(pair: ValuePair): readonly Change[] {
  const { where, what, better, old, new: next } = pair;
  if (old === undefined || next === undefined || mayBeChance(old, next)) return [];
  const percent = (next.median / old.median - 1) * 100;
  if (Math.abs(percent) < LEAST_PERCENT) return [];
  const isLess = next.median < old.median;
  const change = { where, what, old: printSpread(old), new: printSpread(next) };
  const verdict = isLess === (better === 'less') ? 'better' : 'worse';
  return [Number.isFinite(percent) ? { ...change, percent, verdict } : { ...change, verdict }];
}

/** Affinity and the client's address are kept or not; there is no chance in that. */
function rightChanges(before: Comparison, after: Comparison): readonly Change[] {
  const old = checkSummaries(before);
  return checkSummaries(after).flatMap((next) => {
    const same = old.find(({ subject, path }) => subject === next.subject && path === next.path);
    if (same === undefined) return [];
    const title = after.subjects.find(({ id }) => id === next.subject)?.title ?? next.subject;
    const path = after.paths.find(({ id }) => id === next.path)?.title ?? next.path;
    return (['isAffinityKept', 'isAddressKept'] as const)
      .filter((question) => same[question] !== next[question])
      .map((question) => ({
        where: `${title}, ${path}`,
        what: question === 'isAffinityKept' ? 'affinity kept' : 'client address kept',
        ...{ old: String(same[question]), new: String(next[question]) },
        verdict: next[question] === true ? ('better' as const) : ('worse' as const),
      }));
  });
}

function doubtsOf(before: Comparison, after: Comparison): readonly string[] {
  const doubts: string[] = [];
  for (const field of ['kernel', 'cpu', 'cores', 'gigabytes'] as const) {
    const [old, next] = [String(before.about[field]), String(after.about[field])];
    if (old !== next) doubts.push(`${field} was ${old} and is ${next}`);
  }
  if (before.effort.seconds !== after.effort.seconds) {
    doubts.push(`a load took ${before.effort.seconds} s and takes ${after.effort.seconds} s`);
  }
  const rounds = Math.min(before.effort.rounds, after.effort.rounds);
  if (rounds < FEW_ROUNDS) {
    doubts.push(`with ${rounds} rounds only, chance cannot be told from change: take 5`);
  }
  return doubts;
}

const FEW_ROUNDS = 3;

/** For a terminal; ends with a newline. */
export function printDifference({ changes, compared, doubts }: Difference): string {
  const rows = changes.map(({ where, what, old, new: next, percent, verdict }) => [
    where,
    what,
    old,
    next,
    percent === undefined ? '' : `${percent > 0 ? '+' : ''}${percent.toFixed(0)} %`,
    verdict,
  ]);
  const head = ['where', 'what', 'old', 'new', '', ''];
  const table = rows.length === 0 ? '' : `${printTable(head, rows)}\n`;
  const lines = doubts.map((doubt) => `Beware: ${doubt}.\n`).join('');
  const count = rows.length === 0 ? 'Nothing' : String(rows.length);
  return `${table}${lines}${count} of ${String(compared)} values changed beyond chance.\n`;
}
