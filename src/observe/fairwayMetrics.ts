/** Metrics that kube-proxy has not. Every label's values come from a small fixed set. */
import { Counter, Gauge } from 'prom-client';
import type { Registry } from 'prom-client';

export interface FairwayMetrics {
  /** 1 from the first full sync on. */
  readonly ready: Gauge;
  /** Problems of the present Snapshot, see showProblems. */
  readonly problems: Gauge<'kind' | 'field'>;
  /** Failed syncs by KernelError.kind, or `internal` for any other error. */
  readonly syncFailures: Counter<'kind'>;
  /** Objects that the kernel or its tools refused while the rest went in, now. */
  readonly refusedObjects: Gauge;
  /** Operations carried out. */
  readonly syncOperations: Counter;
  /** Objects that a check found missing, changed or left over, and repaired. */
  readonly driftRepaired: Counter;
  /** 1 while the watch of a kind of objects is up. */
  readonly apiConnected: Gauge<'kind'>;
  /** Seconds since the epoch when the API server was last heard of a kind, bookmarks included. */
  readonly apiLastEvent: Gauge<'kind'>;
}

export function fairwayMetrics(registry: Registry): FairwayMetrics {
  return { ...syncMetrics(registry), ...sourceMetrics(registry) };
}

type SourceMetric = 'problems' | 'apiConnected' | 'apiLastEvent';

function syncMetrics(registry: Registry): Omit<FairwayMetrics, SourceMetric> {
  const registers = [registry];
  return {
    ready: new Gauge({
      name: 'fairway_ready',
      help: 'Whether the first full sync of every family has succeeded',
      registers,
    }),
    syncFailures: new Counter({
      name: 'fairway_sync_failures_total',
      help: 'Syncs that failed, by kind of error',
      labelNames: ['kind'],
      registers,
    }),
    refusedObjects: new Gauge({
      name: 'fairway_refused_objects',
      help: 'Objects that the kernel or its tools refused while the rest went in',
      registers,
    }),
    syncOperations: new Counter({
      name: 'fairway_sync_operations_total',
      help: 'Operations carried out on the kernel by syncs',
      registers,
    }),
    driftRepaired: new Counter({
      name: 'fairway_drift_repaired_total',
      help: 'Objects that others had removed or changed and that a check repaired',
      registers,
    }),
  };
}

function sourceMetrics(registry: Registry): Pick<FairwayMetrics, SourceMetric> {
  const registers = [registry];
  return {
    problems: new Gauge({
      name: 'fairway_problems',
      help: 'Things wrong with objects at present, by kind of object and field',
      labelNames: ['kind', 'field'],
      registers,
    }),
    apiConnected: new Gauge({
      name: 'fairway_api_connected',
      help: 'Whether the watch of this kind of objects is up',
      labelNames: ['kind'],
      registers,
    }),
    apiLastEvent: new Gauge({
      name: 'fairway_api_last_event_timestamp_seconds',
      help: 'When the API server was last heard of this kind of objects',
      labelNames: ['kind'],
      registers,
    }),
  };
}

/** `fairway_build_info{version,mode} 1`; the function sets the mode. */
export function buildInfo(registry: Registry, version: string): (mode: string) => void {
  const info = new Gauge({
    name: 'fairway_build_info',
    help: 'Version and mode of this agent; always 1',
    labelNames: ['version', 'mode'],
    registers: [registry],
  });
  return (mode) => {
    info.reset();
    info.set({ version, mode }, 1);
  };
}
