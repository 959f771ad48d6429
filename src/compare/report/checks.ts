/** What is right or wrong rather than fast or slow: evenness, affinity, the client's address. */
import type { Check, Comparison } from '../schema.ts';
import { sum, unevenness } from './statistics.ts';

export interface CheckSummary {
  readonly subject: string;
  readonly path: string;
  /** See `unevenness`; NaN where no connection was answered. */
  readonly unevenness: number;
  /** Connections of all rounds for each server, by its name. */
  readonly servers: Readonly<Record<string, number>>;
  /** Whether one server answered all of a client; undefined where it was not tried. */
  readonly isAffinityKept: boolean | undefined;
  /** Whether servers saw the address that the client itself had. */
  readonly isAddressKept: boolean;
  readonly failed: number;
}

/** One for each subject and path that were checked, over all rounds and sizes. */
export function checkSummaries({ checks, subjects, paths }: Comparison): readonly CheckSummary[] {
  return subjects.flatMap((subject) =>
    paths.flatMap((path) => {
      const own = checks.filter((each) => each.subject === subject.id && each.path === path.id);
      return own.length === 0 ? [] : [summaryOf(subject.id, path.id, own)];
    }),
  );
}

function summaryOf(subject: string, path: string, checks: readonly Check[]): CheckSummary {
  const spread = checks.filter(({ check }) => check === 'spread');
  const affinity = checks.filter(({ check }) => check === 'affinity');
  const servers = addUp(spread.map((check) => countsOf(check, 'servers')));
  return {
    subject,
    path,
    servers,
    unevenness: unevenness(Object.values(servers)),
    isAffinityKept:
      affinity.length === 0
        ? undefined
        : affinity.every((check) => Object.keys(countsOf(check, 'servers')).length === 1),
    isAddressKept: spread.every(
      (check) => String(Object.keys(countsOf(check, 'seenAs'))) === ownAddress(check),
    ),
    failed: sum(checks.map(({ result }) => failedIn(result))),
  };
}

function countsOf(
  { result }: Check,
  column: 'servers' | 'seenAs',
): Readonly<Record<string, number>> {
  return result.kind === 'connect' ? result[column] : {};
}

function ownAddress({ result }: Check): string {
  return result.kind === 'connect' ? String(Object.keys(result.ownAddresses)) : '';
}

function failedIn(result: Check['result']): number {
  if ('failures' in result) return result.failures.filter((failure) => failure !== '').length;
  return result.failed;
}

function addUp(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const each of counts) {
    for (const [name, count] of Object.entries(each)) total[name] = (total[name] ?? 0) + count;
  }
  return total;
}
