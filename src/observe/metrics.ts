/** Everything that /metrics shows, on a registry of its own. */
import { Registry, collectDefaultMetrics } from 'prom-client';

import type { Mode } from '../backends/backend.ts';
import type { Problem } from '../model/types.ts';
import type { Family } from '../net/family.ts';
import { buildInfo, fairwayMetrics } from './fairwayMetrics.ts';
import type { FairwayMetrics } from './fairwayMetrics.ts';
import { kubeProxyMetrics } from './kubeProxyMetrics.ts';
import type { KubeProxyMetrics } from './kubeProxyMetrics.ts';
import { restClientMetrics } from './restClientMetrics.ts';
import type { RestClientMetrics } from './restClientMetrics.ts';
import { toolsCpu } from './toolsCpu.ts';

export interface Metrics {
  readonly registry: Registry;
  /** `kubeproxy_…` */
  readonly kubeProxy: KubeProxyMetrics;
  /** `fairway_…` */
  readonly fairway: FairwayMetrics;
  /** `rest_client_…` */
  readonly restClient: RestClientMetrics;
  /** From now on show the metrics of this mode; what those of others counted they keep. */
  showMode(mode: Mode): void;
}

/** How often the delay of the event loop is sampled; the default of 10 ms wakes an idle node. */
const EVENT_LOOP_SAMPLE_MS = 500;

export function createMetrics(build: { version: string; mode: Mode }): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({
    register: registry,
    eventLoopMonitoringPrecision: EVENT_LOOP_SAMPLE_MS,
  });
  toolsCpu(registry);
  const showBuild = buildInfo(registry, build.version);
  const kubeProxy = kubeProxyMetrics(registry);
  function showMode(mode: Mode): void {
    showBuild(mode);
    kubeProxy.showMode(mode);
  }
  showMode(build.mode);
  const fairway = fairwayMetrics(registry);
  return { registry, kubeProxy, fairway, restClient: restClientMetrics(registry), showMode };
}

/** The label that kube-proxy gives what it does once per family. */
export function ipFamily(family: Family): { ip_family: 'IPv4' | 'IPv6' } {
  return { ip_family: family === 4 ? 'IPv4' : 'IPv6' };
}

/** Show exactly these problems from now on, for example the values of Snapshot.problems. */
export function showProblems(metrics: Metrics, problems: Iterable<readonly Problem[]>): void {
  const gauge = metrics.fairway.problems;
  gauge.reset();
  for (const { object, field } of [...problems].flat()) {
    // Without the indices, as these have no limit: `spec.externalIPs[7]` is `spec.externalIPs`.
    gauge.inc({ kind: object.kind, field: field.replace(/\[[^\]]*\]/g, '') });
  }
}
