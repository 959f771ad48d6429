/** What a fault cost. */
import type { Comparison, FailureRun } from '../schema.ts';
import { spreadOf } from './statistics.ts';
import type { Spread } from './statistics.ts';

export interface FaultCost {
  readonly attempts: number;
  readonly failed: number;
  /** The longest that nothing was answered at all, in milliseconds. */
  readonly longestGapMs: number;
  /** From the fault until the last attempt that failed; 0 when none did. */
  readonly healedAfterMs: number;
  /** Of those answered, the slowest. */
  readonly slowestMs: number;
}

/** Attempts in the order in which they were due. */
export function attemptsOf({
  result,
}: Pick<FailureRun, 'result'>): readonly { atMs: number; tookUs: number; failure: string }[] {
  if (!('atMs' in result)) return [];
  return result.atMs
    .map((atMs, index) => ({
      atMs,
      tookUs: result.tookUs[index] ?? NaN,
      failure: result.failures[index] ?? '',
    }))
    .toSorted((a, b) => a.atMs - b.atMs);
}

export function costOf(run: FailureRun): FaultCost {
  const attempts = attemptsOf(run);
  const failed = attempts.filter(({ failure }) => failure !== '');
  const good = attempts.filter(({ failure }) => failure === '');
  const last = failed.at(-1);
  const slowest = good.reduce((most, { tookUs }) => Math.max(most, tookUs), 0);
  return {
    attempts: attempts.length,
    failed: failed.length,
    longestGapMs: longestGap(good.map(({ atMs, tookUs }) => atMs + tookUs / 1000)),
    healedAfterMs: last === undefined ? 0 : Math.max(0, last.atMs - run.struckAtMs),
    slowestMs: slowest / 1000,
  };
}

/** Between two answers, in milliseconds. */
function longestGap(answeredMs: readonly number[]): number {
  const times = answeredMs.toSorted((a, b) => a - b);
  return times.reduce((most, time, index) => Math.max(most, time - (times[index - 1] ?? 0)), 0);
}

export interface FaultSummary {
  readonly attempts: number;
  readonly failed: Spread;
  readonly longestGapMs: Spread;
  readonly healedAfterMs: Spread;
  readonly slowestMs: Spread;
}

/** Over the rounds; undefined where nothing broke. */
export function faultSummary(
  { failures }: Comparison,
  { subject, path, fault }: Pick<FailureRun, 'subject' | 'path' | 'fault'>,
): FaultSummary | undefined {
  const costs = failures
    .filter((run) => run.subject === subject && run.path === path && run.fault === fault)
    .map(costOf);
  const failed = spreadOf(costs.map((cost) => cost.failed));
  const longestGapMs = spreadOf(costs.map((cost) => cost.longestGapMs));
  const healedAfterMs = spreadOf(costs.map((cost) => cost.healedAfterMs));
  const slowestMs = spreadOf(costs.map((cost) => cost.slowestMs));
  if (!failed || !longestGapMs || !healedAfterMs || !slowestMs) return undefined;
  return { attempts: costs[0]?.attempts ?? 0, failed, longestGapMs, healedAfterMs, slowestMs };
}
