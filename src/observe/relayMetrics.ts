/** What the relay of userspace mode counts, per Service and in all. */
import { Counter, Gauge } from 'prom-client';
import type { Metric, Registry } from 'prom-client';

import type { RelayCounts, ServiceCounts } from '../relay/relay.ts';
import { kernelCounter } from './kernelCounter.ts';
import { metricGroup } from './metricGroup.ts';
import { relayHistogram } from './relayHistogram.ts';

export interface RelayMetrics {
  /** Show these counts from now on; undefined where there is no relay, and no metric of it. */
  show(counts: RelayCounts | undefined): void;
}

/** Services with a label of their own: the first to have clients, for as long as there are so many. */
const MOST_SERVICES = 1000;

/** No Service has this name: theirs have a slash. */
const OTHERS = 'other';

export interface RelayMetricsOptions {
  /** Upper bounds of `connectSeconds`. */
  readonly buckets: readonly number[];
  readonly mostServices?: number;
}

export function relayMetrics(
  registry: Registry,
  { buckets, mostServices = MOST_SERVICES }: RelayMetricsOptions,
): RelayMetrics {
  const gauges = serviceMetrics();
  const failures = new Counter({
    name: 'fairway_relay_failures_total',
    help: 'Attempts at an endpoint that failed, and clients that were let down, by kind',
    labelNames: ['service', 'kind'],
    registers: [],
  });
  const connectSeconds = relayHistogram({
    name: 'fairway_relay_connect_seconds',
    help: 'How long connecting to an endpoint took; the sum is an estimate from the buckets',
    buckets,
  });
  const ofProcess = processMetrics();
  const group = metricGroup(registry, [
    ...gauges.map(([metric]) => metric),
    ...[failures, connectSeconds.metric, ...ofProcess.metrics],
  ]);
  const labels = labeller(mostServices);
  return {
    show(counts) {
      group.show(counts !== undefined);
      if (counts === undefined) return;
      ofProcess.show(counts);
      const byLabel = labels(counts.services);
      for (const [metric, read] of gauges) {
        metric.reset();
        for (const [service, list] of byLabel) metric.inc({ service }, sum(list.map(read)));
      }
      failures.reset();
      for (const [service, list] of byLabel) countFailures(failures, service, list);
      connectSeconds.show(
        [...byLabel].map(([service, list]) => ({ service, counts: bucketSums(buckets, list) })),
      );
    },
  };
}

function countFailures(
  counter: Counter<'service' | 'kind'>,
  service: string,
  list: readonly ServiceCounts[],
): void {
  for (const [kind, count] of list.flatMap(({ failures }) => Object.entries(failures))) {
    if (count > 0) counter.inc({ service, kind }, count);
  }
}

type ServiceMetric = Counter<'service'> | Gauge<'service'>;
type Read = (counts: ServiceCounts) => number;

function serviceMetrics(): readonly (readonly [ServiceMetric, Read])[] {
  const options = (name: string, help: string) => {
    const labelNames = ['service'] as const;
    return { name: `fairway_relay_${name}`, help, labelNames, registers: [] };
  };
  const counter = (name: string, help: string) => new Counter(options(name, help));
  const gauge = (name: string, help: string) => new Gauge(options(name, help));
  return [
    [
      counter('connections_total', 'Connections of clients, and UDP flows'),
      ({ connections }) => connections,
    ],
    [gauge('active', 'Connections and UDP flows that run now'), ({ active }) => active],
    [
      counter('retries_total', 'Attempts at a further endpoint after one that failed'),
      ({ retries }) => retries,
    ],
    [
      counter('endpoint_bytes_total', 'Bytes that went to endpoints'),
      ({ bytesToEndpoints }) => bytesToEndpoints,
    ],
    [
      counter('client_bytes_total', 'Bytes that went to clients'),
      ({ bytesToClients }) => bytesToClients,
    ],
    [
      gauge('endpoints_set_aside', 'Endpoints that get no connection now as they kept failing'),
      ({ setAside }) => setAside,
    ],
  ];
}

interface ProcessMetrics {
  readonly metrics: readonly Metric[];
  show(counts: RelayCounts): void;
}

function processMetrics(): ProcessMetrics {
  const open = new Gauge({
    name: 'fairway_relay_open_files',
    help: 'File descriptors that the relay holds',
    registers: [],
  });
  const limit = new Gauge({
    name: 'fairway_relay_open_files_limit',
    help: 'The most that it lets there be',
    registers: [],
  });
  const pauses = kernelCounter({
    name: 'fairway_relay_accept_pauses_total',
    help: 'How often new clients waited because file descriptors were short',
  });
  const restarts = kernelCounter({
    name: 'fairway_relay_worker_restarts_total',
    help: 'Threads of the relay that ended by a fault and were started again',
  });
  return {
    metrics: [open, limit, pauses.metric, restarts.metric],
    show({ files, acceptPauses, workersRestarted }) {
      open.set(files.open);
      limit.set(files.limit);
      pauses.set(acceptPauses);
      restarts.set(workersRestarted);
    },
  };
}

type ByLabel = ReadonlyMap<string, readonly ServiceCounts[]>;

/**
 * Groups counts under `namespace/name:port`, protocols and families together. Who has a label
 * keeps it, so that no count jumps between a Service's own and that of the others.
 */
function labeller(most: number): (services: RelayCounts['services']) => ByLabel {
  let own: ReadonlySet<string> = new Set();
  return (services) => {
    const byName = Map.groupBy(services, ([key]) => labelOf(key));
    const staying = [...own].filter((name) => byName.has(name));
    const coming = [...byName].filter(
      ([name, list]) => !own.has(name) && list.some(([, counts]) => isUsed(counts)),
    );
    own = new Set([...staying, ...coming.map(([name]) => name)].slice(0, most));
    const shown = new Map<string, readonly ServiceCounts[]>();
    const others: ServiceCounts[] = [];
    for (const [name, list] of byName) {
      const used = list.map(([, counts]) => counts).filter((each) => own.has(name) || isUsed(each));
      if (own.has(name)) shown.set(name, used);
      else others.push(...used);
    }
    if (others.length > 0) shown.set(OTHERS, others);
    return shown;
  };
}

function isUsed({ connections, failures }: ServiceCounts): boolean {
  return connections > 0 || Object.values(failures).some((count) => count > 0);
}

/** `default/web:http` of `default/web:http/TCP/4`; `default/web` where the port has no name. */
function labelOf(key: string): string {
  return key.replace(/:?\/(?:TCP|UDP)\/[46]$/, '');
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function bucketSums(buckets: readonly number[], list: readonly ServiceCounts[]): readonly number[] {
  return Array.from({ length: buckets.length + 1 }, (_, index) =>
    sum(list.map(({ connectSeconds }) => connectSeconds[index] ?? 0)),
  );
}
