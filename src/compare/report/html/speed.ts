/** The chapters on how fast it goes: latencies, throughput, CPU. */
import type { Comparison } from '../../schema.ts';
import { barChart } from '../charts/barChart.ts';
import type { Bar } from '../charts/barChart.ts';
import { lineChart } from '../charts/lineChart.ts';
import type { Line } from '../charts/lineChart.ts';
import { goodTimes, measured, measurementsIn, metricNamed, METRICS } from '../metrics.ts';
import type { Cell } from '../metrics.ts';
import { printNumber } from '../numbers.ts';
import { quantile } from '../statistics.ts';
import { speedTable } from '../tables.ts';
import { charts, figure, heading, legend, note, table } from './parts.ts';

/** Where the curve is looked at: shares of connections, closer together where they are few. */
const NINES = Array.from({ length: 61 }, (_, index) => index / 20);
const SHARES = [
  { at: 0, text: '' },
  { at: 0.301, text: '50 %' },
  { at: 1, text: '90 %' },
  { at: 2, text: '99 %' },
  { at: 3, text: '99.9 %' },
];

export function latencyChapter(comparison: Comparison, size: number): string {
  const kinds = [
    ['connect', 'New connections'],
    ['udpRoundTrip', 'UDP round trips'],
  ] as const;
  const figures = kinds.flatMap(([kind, what]) =>
    comparison.paths.flatMap((path) => {
      const lines = curves(comparison, kind, { size, path: path.id });
      if (lines.length === 0) return [];
      const title = `${what}. ${path.title}`;
      const x = { title: 'of all, so many were at least so fast', ticks: SHARES };
      const y = { title: 'microseconds', isLog: true };
      return [figure(title, lineChart({ title, x, y, lines }))];
    }),
  );
  if (figures.length === 0) return '';
  return [
    heading(2, 'How long it takes'),
    legend(comparison),
    charts(figures),
    tables(comparison, size, ['connect', 'udpRoundTrip']),
    note(
      'Connections begin 250 times a second, whether or not those before have ended, so that a stall ' +
        'counts for all who would have met it. A time ends with the first byte from the server, not ' +
        'with the handshake, which a relay answers before it has a server. Lower is better; the ' +
        'further right, the rarer. Curves are of all rounds together, the table has the median of ' +
        'the rounds and, in brackets, the least and the most.',
    ),
  ].join('');
}

function curves(
  comparison: Comparison,
  kind: 'connect' | 'udpRoundTrip',
  where: Omit<Cell, 'subject'>,
): readonly Line[] {
  return comparison.subjects.flatMap(({ id: subject }, colour) => {
    const times = measurementsIn(comparison, kind, { ...where, subject }).flatMap(goodTimes);
    if (times.length === 0) return [];
    const sorted = times.toSorted((a, b) => a - b);
    // Beyond what there are samples for, a curve would only repeat the slowest one.
    const known = NINES.filter((nines) => sorted.length * 10 ** -nines >= 0.999);
    const points = known.map((x) => ({ x, y: quantile(sorted, 1 - 10 ** -x) }));
    return [{ colour, points }];
  });
}

/** One table for each path, of the metrics of these kinds. */
function tables(comparison: Comparison, size: number, kinds: readonly string[]): string {
  const metrics = METRICS.filter(
    ({ kind, id }) => kinds.includes(kind) && !id.endsWith('-machine'),
  );
  return comparison.paths
    .map((path) => table(speedTable(comparison, { size, path }, metrics)))
    .join('');
}

export function throughputChapter(comparison: Comparison, size: number): string {
  const ids = ['connections', 'requests', 'bulk', 'udpPackets'];
  const figures = comparison.paths.flatMap((path) =>
    ids.flatMap((id) => {
      const metric = metricNamed(id);
      const bars = comparison.subjects.flatMap(({ id: subject, title }, colour): Bar[] => {
        const spread = measured(comparison, metric, { subject, size, path: path.id });
        if (spread === undefined) return [];
        const { median, low, high } = spread;
        return [{ name: title, colour, parts: [median], low, high, text: printNumber(median) }];
      });
      const title = `${metric.title}. ${path.title}`;
      return bars.length === 0 ? [] : [figure(title, barChart({ title, unit: metric.unit, bars }))];
    }),
  );
  if (figures.length === 0) return '';
  return [
    heading(2, 'How much goes through'),
    charts(figures),
    note(
      'As fast as it goes: 16 connections or flows at a time, one stream for bytes without end. The ' +
        'black line is from the least to the most of the rounds. New connections are ended by a ' +
        'reset, as ports would run out otherwise. Client and servers run beside it all and take ' +
        'their part of the processors.',
    ),
    tables(comparison, size, ids),
  ].join('');
}

/** What an agent and its tools spend, and what the kernel does in soft interrupts. */
export function cpuChapter(comparison: Comparison, size: number): string {
  const [path] = comparison.paths;
  if (path === undefined) return '';
  const figures = ['connections', 'requests', 'bulk'].flatMap((kind) => {
    const [agent, softirq] = [metricNamed(`${kind}-agent`), metricNamed(`${kind}-softirq`)];
    const bars = comparison.subjects.flatMap(({ id: subject, title }, colour): Bar[] => {
      const cell = { subject, size, path: path.id };
      const own = measured(comparison, agent, cell)?.median;
      const soft = measured(comparison, softirq, cell)?.median;
      if (own === undefined || soft === undefined) return [];
      const both = own + soft;
      const text = printNumber(both);
      return [{ name: title, colour, parts: [own, soft], low: both, high: both, text }];
    });
    const per = /per (.*)$/.exec(agent.title)?.[1] ?? '';
    const title = `CPU for each ${per}`;
    return bars.length === 0 ? [] : [figure(title, barChart({ title, unit: agent.unit, bars }))];
  });
  if (figures.length === 0) return '';
  return [
    heading(2, 'What it costs the processors'),
    charts(figures),
    note(
      `${path.title}. The full colour is what the agents and the programs that they run spend, the ` +
        'pale part what the kernel spends in soft interrupts, of the whole machine. What the kernel ' +
        'does for a packet while a program sends it is in neither; the CPU of the whole machine, in ' +
        'report.json, has it, and clients and servers with it. The numbers are in the tables above.',
    ),
  ].join('');
}
