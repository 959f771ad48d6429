/** Three sentences, computed from the data: speed, growth, what breaks. */
import type { Comparison, Subject } from '../schema.ts';
import { attemptsOf, costOf } from './failures.ts';
import { figureOf, measured, metricNamed } from './metrics.ts';
import type { Metric } from './metrics.ts';
import { printNumber } from './numbers.ts';
import { sum } from './statistics.ts';
import type { Spread } from './statistics.ts';
import { modesOf } from './tables.ts';

const CONNECT = metricNamed('connect-p50');

export function verdict(comparison: Comparison): readonly [string, string, string] {
  return [speedSentence(comparison), growthSentence(comparison), failureSentence(comparison)];
}

/** Fewer rounds say nothing about how much they differ by chance. */
const FEWEST_ROUNDS = 3;

/**
 * The difference may be chance: the ranges of the rounds have a value in common, or there were too
 * few rounds to know. With five rounds each, ranges of the same thing are apart once in 126 times.
 */
export function mayBeChance(a: Spread, b: Spread): boolean {
  const isOverlapping = a.low <= b.high && b.low <= a.high;
  return isOverlapping || Math.min(a.rounds, b.rounds) < FEWEST_ROUNDS;
}

interface Known {
  readonly subject: Subject;
  readonly spread: Spread;
}

/** Of each subject that has it, at one size, on the first path. */
function valuesOf(comparison: Comparison, metric: Metric, size: number): readonly Known[] {
  const path = comparison.paths[0]?.id ?? '';
  return comparison.subjects.flatMap((subject) => {
    const spread = measured(comparison, metric, { subject: subject.id, size, path });
    return spread === undefined ? [] : [{ subject, spread }];
  });
}

function speedSentence(comparison: Comparison): string {
  const values = valuesOf(comparison, CONNECT, comparison.effort.sizes[0] ?? 0);
  const direct = values.find(({ subject }) => subject.isBaseline)?.spread;
  const modes = values
    .filter(({ subject }) => !subject.isBaseline)
    .toSorted((a, b) => a.spread.median - b.spread.median);
  if (direct === undefined || modes.length === 0) return 'How fast it goes was not measured.';
  const told = modes.map(({ subject, spread }) => {
    const times = (spread.median / direct.median).toFixed(2);
    return `${times} times as long with ${subject.title}`;
  });
  const micro = printNumber(direct.median);
  const doubt = doubts(modes, direct);
  return `A new connection, ${micro} us straight to the pod in the median, takes ${list(told)}${doubt}.`;
}

/** Which of these differences may be chance; '' when none. */
function doubts(modes: readonly Known[], direct: Spread): string {
  if (direct.rounds < FEWEST_ROUNDS) {
    return `; after so few rounds (${String(direct.rounds)}) all of that may be chance`;
  }
  const even = modes.filter(({ spread }) => mayBeChance(spread, direct));
  const [best] = modes;
  const alike = modes.filter((mode) => best !== undefined && mayBeChance(mode.spread, best.spread));
  const parts = [
    even.length === 0 ? '' : `; what ${names(even)} adds may be chance`,
    alike.length < 2 ? '' : `; the difference between ${names(alike)} may be chance`,
  ];
  return parts.join('');
}

function names(known: readonly Known[]): string {
  return list(known.map(({ subject }) => subject.title));
}

function growthSentence(comparison: Comparison): string {
  const sizes = comparison.effort.sizes;
  const [small, large] = [Math.min(...sizes), Math.max(...sizes)];
  const told = modesOf(comparison).flatMap((subject) => {
    const start = figureOf(comparison, 'start', { subject: subject.id, size: large });
    const memory = figureOf(comparison, 'memory', { subject: subject.id, size: large });
    if (start === undefined || memory === undefined) return [];
    const cost = `starts in ${printNumber(start.median / 1000)} s and needs ${printNumber(memory.median)} MB`;
    return [`${subject.title} ${cost}${slowing(comparison, subject, [small, large])}`];
  });
  if (told.length === 0) return 'What an agent costs was not measured.';
  return `With ${large.toLocaleString('en')} other Services, ${list(told)}.`;
}

/** How much longer a new connection takes with many Services than with few. */
function slowing(
  comparison: Comparison,
  { id }: Subject,
  [small, large]: readonly [number, number],
): string {
  const [few, many] = [small, large].map(
    (size) => valuesOf(comparison, CONNECT, size).find(({ subject }) => subject.id === id)?.spread,
  );
  if (small === large || few === undefined || many === undefined) return '';
  if (mayBeChance(few, many)) return ', its connections no slower beyond chance';
  const percent = (many.median / few.median - 1) * 100;
  const word = percent > 0 ? 'slower' : 'faster';
  return `, its connections ${Math.abs(percent).toFixed(0)} % ${word}`;
}

function failureSentence(comparison: Comparison): string {
  const { failures } = comparison;
  const told = modesOf(comparison).flatMap(({ id, title }) => {
    const runs = failures.filter(({ subject }) => subject === id);
    if (runs.length === 0) return [];
    const costs = runs.map(costOf);
    const failed = sum(costs.map((cost) => cost.failed));
    if (failed === 0) return [`${title} lost none`];
    const longest = Math.max(...costs.map((cost) => cost.healedAfterMs));
    return [
      `${title} lost ${printNumber(failed)}, the last ${printNumber(longest / 1000)} s after the fault`,
    ];
  });
  if (told.length === 0) return 'Nothing was broken on purpose.';
  const first = failures[0]?.subject;
  const attempts = sum(
    failures.filter(({ subject }) => subject === first).map((run) => attemptsOf(run).length),
  );
  return `While ${faultWords(comparison)}, of ${printNumber(attempts)} connections each ${list(told)}.`;
}

function faultWords({ faults }: Comparison): string {
  if (faults.length === 1) return faults[0]?.title ?? '';
  return `${String(faults.length)} kinds of faults happened one after the other`;
}

/** `a, b and c`. */
function list(texts: readonly string[]): string {
  if (texts.length < 2) return texts.join('');
  return `${texts.slice(0, -1).join(', ')} and ${texts.at(-1) ?? ''}`;
}
