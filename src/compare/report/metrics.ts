/** What is told of the samples: each metric with its unit, and how it is got from one round. */
import type { LoadKind } from '../load/spec.ts';
import type { Comparison, FigureName, Measurement } from '../schema.ts';
import { quantile, spreadOf } from './statistics.ts';
import type { Spread } from './statistics.ts';

export interface Metric {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  /** What a user would rather have. */
  readonly better: 'less' | 'more';
  readonly kind: LoadKind;
  /** Its value in one round; NaN where that has none. */
  of(measurement: Measurement): number;
}

/** Of the attempts that did not fail, microseconds. */
export function goodTimes({ result }: Pick<Measurement, 'result'>): readonly number[] {
  if (!('tookUs' in result)) return [];
  return result.tookUs.filter((_, index) => result.failures[index] === '');
}

function percentile(kind: 'connect' | 'udpRoundTrip', share: number): Metric {
  const what = kind === 'connect' ? 'new connection' : 'UDP round trip';
  const name = `p${String(share * 100)}`;
  return {
    ...{ id: `${kind}-${name}`, title: `${what}, ${name}`, unit: 'us', better: 'less', kind },
    of: (measurement) => quantile(goodTimes(measurement), share),
  };
}

function perSecond(kind: 'connections' | 'requests' | 'udpPackets', what: string): Metric {
  return {
    ...{ id: kind, title: `${what} a second`, unit: '/s', better: 'more', kind },
    of: ({ result }) => ('count' in result ? result.count / result.seconds : NaN),
  };
}

/** How many connections or requests one measurement had, or how many billions of bytes. */
function amountOf({ result }: Measurement): number {
  if ('count' in result) return result.count;
  return result.kind === 'bulk' ? result.bytes / 1e9 : NaN;
}

interface CpuOf {
  readonly kind: 'connections' | 'requests' | 'bulk';
  readonly per: string;
}

function agentCpu({ kind, per }: CpuOf): Metric {
  return cpuMetric(
    { id: `${kind}-agent`, title: `CPU of agents and tools, per ${per}`, kind },
    ({ agentCpu }) => agentCpu.agent + agentCpu.tools,
  );
}

function softirqCpu({ kind, per }: CpuOf): Metric {
  return cpuMetric(
    { id: `${kind}-softirq`, title: `CPU in soft interrupts, per ${per}`, kind },
    ({ cpu }) => cpu.softirq,
  );
}

function machineCpu({ kind, per }: CpuOf): Metric {
  return cpuMetric(
    { id: `${kind}-machine`, title: `CPU of the whole machine, per ${per}`, kind },
    ({ cpu }) => cpu.busy,
  );
}

function cpuMetric(
  name: Pick<Metric, 'id' | 'title' | 'kind'>,
  seconds: (measurement: Measurement) => number,
): Metric {
  const [unit, scale] = name.kind === 'bulk' ? ['ms', 1e3] : ['us', 1e6];
  return {
    ...name,
    ...{ unit, better: 'less' },
    of: (measurement) => (seconds(measurement) / amountOf(measurement)) * scale,
  };
}

const CPU_OF: readonly CpuOf[] = [
  { kind: 'connections', per: 'connection' },
  { kind: 'requests', per: 'request' },
  { kind: 'bulk', per: 'gigabyte' },
];

/** All of them, in the order in which they are told. */
export const METRICS: readonly Metric[] = [
  ...[0.5, 0.9, 0.99, 0.999].map((share) => percentile('connect', share)),
  perSecond('connections', 'new connections'),
  perSecond('requests', 'kept connections, requests'),
  {
    ...{ id: 'bulk', title: 'bytes without end', unit: 'Gbit/s', better: 'more', kind: 'bulk' },
    of: ({ result }) => ('bytes' in result ? (result.bytes * 8) / result.seconds / 1e9 : NaN),
  },
  ...[0.5, 0.99].map((share) => percentile('udpRoundTrip', share)),
  perSecond('udpPackets', 'UDP packets and answers'),
  ...[agentCpu, softirqCpu, machineCpu].flatMap((of) => CPU_OF.map(of)),
];

export function metricNamed(id: string): Metric {
  const metric = METRICS.find((each) => each.id === id);
  if (metric === undefined) throw new Error(`no metric ${id}`);
  return metric;
}

/** Where a value is asked for. */
export interface Cell {
  readonly subject: string;
  readonly size: number;
  readonly path: string;
}

/** Median and spread over the rounds; undefined where it was not measured. */
export function measured(comparison: Comparison, metric: Metric, cell: Cell): Spread | undefined {
  return spreadOf(measurementsIn(comparison, metric.kind, cell).map(metric.of));
}

/** One for each round. */
export function measurementsIn(
  { measurements }: Comparison,
  kind: LoadKind,
  { subject, size, path }: Cell,
): readonly Measurement[] {
  return measurements.filter(
    (each) =>
      each.result.kind === kind &&
      each.subject === subject &&
      each.size === size &&
      each.path === path,
  );
}

export interface FigureMetric {
  readonly id: FigureName;
  readonly title: string;
  readonly unit: string;
  readonly better: 'less';
}

export const FIGURE_METRICS: readonly FigureMetric[] = [
  { id: 'start', title: 'start until the first connection', unit: 'ms', better: 'less' },
  { id: 'change', title: 'one changed endpoint until it is dialled', unit: 'ms', better: 'less' },
  { id: 'memory', title: 'memory of an agent', unit: 'MB', better: 'less' },
  { id: 'rules', title: 'rules on a node (iptables)', unit: '', better: 'less' },
  { id: 'objects', title: 'chains, sets, entries, servers on a node', unit: '', better: 'less' },
];

/** Median and spread of a figure over the rounds. */
export function figureOf(
  { figures }: Comparison,
  name: FigureName,
  { subject, size }: Omit<Cell, 'path'>,
): Spread | undefined {
  const found = figures.filter(
    (each) => each.name === name && each.subject === subject && each.size === size,
  );
  return spreadOf(found.map(({ value }) => value));
}
