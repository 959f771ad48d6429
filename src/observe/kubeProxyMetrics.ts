/**
 * kube-proxy's metrics (1.36), with its names, types, labels and buckets, so that dashboards and
 * alerts made for it go on working. All label values come from fixed sets.
 */
import { Counter, Gauge, Histogram, exponentialBuckets, linearBuckets } from 'prom-client';
import type { Metric, Registry } from 'prom-client';

import type { Mode } from '../backends/backend.ts';
import { kernelCounter } from './kernelCounter.ts';
import type { KernelCounter } from './kernelCounter.ts';
import { metricGroup } from './metricGroup.ts';

/** Labels are `ip_family` (see ipFamily) unless the type says otherwise. */
export interface KubeProxyMetrics extends SyncMetrics, ChangeMetrics, IptablesMetrics {
  readonly healthzAnswers: Counter<'code'>;
  readonly livezAnswers: Counter<'code'>;
  readonly conntrackDuration: Histogram<'ip_family'>;
  readonly conntrackDeleted: Counter<'ip_family'>;
}

interface SyncMetrics {
  readonly syncDuration: Histogram<'ip_family'>;
  /** Syncs that read the node or wrote everything. */
  readonly fullSyncDuration: Histogram<'ip_family'>;
  readonly partialSyncDuration: Histogram<'ip_family'>;
  /** Seconds since the epoch of the last successful sync. */
  readonly lastSynced: Gauge<'ip_family'>;
  /** Seconds since the epoch when a change was last queued. */
  readonly lastQueued: Gauge<'ip_family'>;
  readonly networkProgramming: Histogram<'ip_family'>;
  /** ServicePorts with policy Local that have endpoints, but none on this node. */
  readonly noLocalEndpoints: Gauge<'traffic_policy' | 'ip_family'>;
}

interface ChangeMetrics {
  readonly endpointChangesPending: Gauge;
  readonly endpointChanges: KernelCounter;
  readonly serviceChangesPending: Gauge;
  readonly serviceChanges: KernelCounter;
}

interface IptablesMetrics {
  readonly restoreFailures: Counter<'ip_family'>;
  readonly partialRestoreFailures: Counter<'ip_family'>;
  readonly rules: Gauge<'table' | 'ip_family'>;
  /** Rules sent to iptables-restore in the last sync. */
  readonly rulesWritten: Gauge<'table' | 'ip_family'>;
  readonly invalidDropped: KernelCounter;
  readonly localhostNodePortsAccepted: KernelCounter;
}

const BY_FAMILY = ['ip_family'] as const;
const BY_TABLE = ['table', 'ip_family'] as const;

/** What is shown depends on the mode. */
const NOWHERE: Registry[] = [];

/** 1 ms to 16.4 s. */
const DURATION_BUCKETS = exponentialBuckets(0.001, 2, 15);

/** From a change in the API until it holds in the kernel, up to five minutes. */
const PROGRAMMING_BUCKETS = [
  0.25,
  0.5,
  ...linearBuckets(1, 1, 59),
  ...linearBuckets(60, 5, 12),
  ...linearBuckets(120, 30, 7),
];

/**
 * Which modes have a metric that not all have, as kube-proxy registers them. kube-proxy has no
 * userspace mode any more; ours shows what ipvs mode shows, as it writes with the same tools.
 */
const ONLY_IN: Readonly<Partial<Record<keyof KubeProxyMetrics, readonly Mode[]>>> = {
  fullSyncDuration: ['iptables'],
  partialSyncDuration: ['iptables'],
  restoreFailures: ['iptables', 'ipvs', 'userspace'],
  partialRestoreFailures: ['iptables'],
  rules: ['iptables'],
  rulesWritten: ['iptables'],
  invalidDropped: ['iptables'],
  localhostNodePortsAccepted: ['iptables'],
};

export interface ModalMetrics extends KubeProxyMetrics {
  /** Show the metrics that kube-proxy has in this mode, and no other; none before the first call. */
  showMode(mode: Mode): void;
}

export function kubeProxyMetrics(registry: Registry): ModalMetrics {
  const metrics: KubeProxyMetrics = {
    ...syncMetrics(),
    ...changeMetrics(),
    ...iptablesMetrics(),
    healthzAnswers: answerCounter('healthz'),
    livezAnswers: answerCounter('livez'),
    conntrackDuration: durations(
      'conntrack_reconciler_sync_duration_seconds',
      'How long finding and deleting stale flows took',
    ),
    conntrackDeleted: new Counter({
      name: 'kubeproxy_conntrack_reconciler_deleted_entries_total',
      help: 'Stale flows deleted from conntrack',
      labelNames: BY_FAMILY,
      registers: NOWHERE,
    }),
  };
  const groups = Object.entries<Metric | KernelCounter>({ ...metrics }).map(([key, each]) => ({
    modes: ONLY_IN[key as keyof KubeProxyMetrics],
    group: metricGroup(registry, ['metric' in each ? each.metric : each]),
  }));
  return {
    ...metrics,
    showMode(mode) {
      for (const { modes, group } of groups) group.show(modes?.includes(mode) ?? true);
    },
  };
}

function syncMetrics(): SyncMetrics {
  return {
    syncDuration: durations('sync_proxy_rules_duration_seconds', 'How long syncs took'),
    fullSyncDuration: durations(
      'sync_full_proxy_rules_duration_seconds',
      'How long syncs took that read the node or wrote everything',
    ),
    partialSyncDuration: durations(
      'sync_partial_proxy_rules_duration_seconds',
      'How long syncs took that wrote only what changed',
    ),
    lastSynced: new Gauge({
      name: 'kubeproxy_sync_proxy_rules_last_timestamp_seconds',
      help: 'When a sync last succeeded',
      labelNames: BY_FAMILY,
      registers: NOWHERE,
    }),
    lastQueued: new Gauge({
      name: 'kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds',
      help: 'When a sync was last asked for',
      labelNames: BY_FAMILY,
      registers: NOWHERE,
    }),
    networkProgramming: new Histogram({
      name: 'kubeproxy_network_programming_duration_seconds',
      help: 'From the change of an endpoint, as the control plane noted it, to the kernel',
      labelNames: BY_FAMILY,
      buckets: PROGRAMMING_BUCKETS,
      registers: NOWHERE,
    }),
    noLocalEndpoints: new Gauge({
      name: 'kubeproxy_sync_proxy_rules_no_local_endpoints_total',
      help: 'Service ports with traffic policy Local that have no endpoint on this node',
      labelNames: ['traffic_policy', 'ip_family'],
      registers: NOWHERE,
    }),
  };
}

function changeMetrics(): ChangeMetrics {
  const prefix = 'kubeproxy_sync_proxy_rules';
  return {
    endpointChangesPending: new Gauge({
      name: `${prefix}_endpoint_changes_pending`,
      help: 'Changed endpoints that wait for the next sync',
      registers: NOWHERE,
    }),
    endpointChanges: kernelCounter({
      name: `${prefix}_endpoint_changes_total`,
      help: 'Changes of endpoints seen',
    }),
    serviceChangesPending: new Gauge({
      name: `${prefix}_service_changes_pending`,
      help: 'Changed Services that wait for the next sync',
      registers: NOWHERE,
    }),
    serviceChanges: kernelCounter({
      name: `${prefix}_service_changes_total`,
      help: 'Changes of Services seen',
    }),
  };
}

function iptablesMetrics(): IptablesMetrics {
  const prefix = 'kubeproxy_sync_proxy_rules_iptables';
  return {
    restoreFailures: new Counter({
      name: `${prefix}_restore_failures_total`,
      help: 'Runs of iptables-restore that failed',
      labelNames: BY_FAMILY,
      registers: NOWHERE,
    }),
    partialRestoreFailures: new Counter({
      name: `${prefix}_partial_restore_failures_total`,
      help: 'Runs of iptables-restore with only what changed that failed',
      labelNames: BY_FAMILY,
      registers: NOWHERE,
    }),
    rules: new Gauge({
      name: `${prefix}_total`,
      help: 'Rules that are installed',
      labelNames: BY_TABLE,
      registers: NOWHERE,
    }),
    rulesWritten: new Gauge({
      name: `${prefix}_last`,
      help: 'Rules written by the last sync',
      labelNames: BY_TABLE,
      registers: NOWHERE,
    }),
    invalidDropped: kernelCounter({
      name: 'kubeproxy_iptables_ct_state_invalid_dropped_packets_total',
      help: 'Packets dropped because conntrack calls them INVALID',
    }),
    localhostNodePortsAccepted: kernelCounter({
      name: 'kubeproxy_iptables_localhost_nodeports_accepted_packets_total',
      help: 'Packets to NodePorts on loopback addresses',
    }),
  };
}

function durations(name: string, help: string): Histogram<'ip_family'> {
  return new Histogram({
    name: `kubeproxy_${name}`,
    help,
    labelNames: BY_FAMILY,
    buckets: DURATION_BUCKETS,
    registers: NOWHERE,
  });
}

function answerCounter(path: string): Counter<'code'> {
  const counter = new Counter({
    name: `kubeproxy_proxy_${path}_total`,
    help: `Answers of /${path} by status code`,
    labelNames: ['code'],
    registers: NOWHERE,
  });
  // Present from the start, so that the first failure shows as an increase.
  for (const code of ['200', '503']) counter.inc({ code }, 0);
  return counter;
}
