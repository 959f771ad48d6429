/** The chapter on what clients notice when something breaks. */
import type { Comparison, FailureRun } from '../../schema.ts';
import { timeline } from '../charts/timeline.ts';
import type { TimelineRow } from '../charts/timeline.ts';
import { attemptsOf, costOf } from '../failures.ts';
import { faultTable } from '../tables.ts';
import { charts, figure, heading, note, table } from './parts.ts';

/** An answer later than that is one that a user notices. */
const LATE_US = 200_000;

export function failureChapter(comparison: Comparison): string {
  if (comparison.failures.length === 0) return '';
  const figures = comparison.faults.flatMap((fault) =>
    comparison.paths.flatMap((path) => {
      const runs = comparison.failures.filter(
        (run) => run.fault === fault.id && run.path === path.id && run.round === 0,
      );
      return runs.length === 0
        ? []
        : [figure(`${fault.title}. ${path.title}`, draw(comparison, fault.title, runs))];
    }),
  );
  return [
    heading(2, 'When something breaks'),
    charts(figures),
    note(
      'A hundred connections a second to a Service with four endpoints on two nodes; a client gives ' +
        'up after a second. Each red mark is a connection that failed, each brown one an answer ' +
        'later than 0.2 s, both where they began. The fault happens at 0; at the end of the shade ' +
        'the control plane notices and takes the endpoint away, sooner than a real one would notice ' +
        'a lost node. Pictures are of the first round, tables of all.',
    ),
    ...comparison.faults.map((fault) => table(faultTable(comparison, fault))),
  ].join('');
}

function draw(comparison: Comparison, title: string, runs: readonly FailureRun[]): string {
  const [first] = runs;
  const ends = runs.flatMap((run) => attemptsOf(run).slice(-1));
  const struck = first?.struckAtMs ?? 0;
  const last = ends.reduce((most, { atMs }) => Math.max(most, atMs), 0);
  return timeline({
    title,
    begin: -struck / 1000,
    noticed: ((first?.noticedAtMs ?? 0) - struck) / 1000,
    end: (last - struck) / 1000,
    rows: runs.map((run) => rowOf(comparison, run)),
  });
}

function rowOf({ subjects }: Comparison, run: FailureRun): TimelineRow {
  const attempts = attemptsOf(run);
  function seconds(which: (attempt: (typeof attempts)[number]) => boolean): readonly number[] {
    return attempts.filter(which).map(({ atMs }) => (atMs - run.struckAtMs) / 1000);
  }
  return {
    name: subjects.find(({ id }) => id === run.subject)?.title ?? run.subject,
    failed: seconds(({ failure }) => failure !== ''),
    late: seconds(({ failure, tookUs }) => failure === '' && tookUs > LATE_US),
    text: `${String(costOf(run).failed)} failed`,
  };
}
