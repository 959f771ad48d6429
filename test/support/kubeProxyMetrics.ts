/** kube-proxy's metrics as data, and the text of /metrics taken apart. */

export const MODES = ['iptables', 'ipvs', 'userspace'] as const;

/** A metric as kube-proxy 1.36 has it. */
export interface Expected {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
  /** All modes unless said. */
  readonly modes?: readonly (typeof MODES)[number][];
}

/** 1 ms · 2ⁿ for n from 0 to 14. */
const DURATIONS = [
  0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192,
  16.384,
];

function steps(first: number, last: number, by: number): number[] {
  const values: number[] = [];
  for (let value = first; value <= last; value += by) values.push(value);
  return values;
}

/** 0.25, 0.5, 1…59 by 1, 60…115 by 5, 120…300 by 30. */
const PROGRAMMING = [
  ...[0.25, 0.5],
  ...steps(1, 59, 1),
  ...steps(60, 115, 5),
  ...steps(120, 300, 30),
];

const FAMILY = ['ip_family'];
const TABLE = ['ip_family', 'table'];
const IPTABLES = ['iptables'] as const;

// prettier-ignore
export const KUBE_PROXY: readonly Expected[] = [
  { name: 'sync_proxy_rules_duration_seconds', type: 'histogram', labels: FAMILY, buckets: DURATIONS },
  { name: 'sync_full_proxy_rules_duration_seconds', type: 'histogram', labels: FAMILY, buckets: DURATIONS, modes: IPTABLES },
  { name: 'sync_partial_proxy_rules_duration_seconds', type: 'histogram', labels: FAMILY, buckets: DURATIONS, modes: IPTABLES },
  { name: 'sync_proxy_rules_last_timestamp_seconds', type: 'gauge', labels: FAMILY },
  { name: 'sync_proxy_rules_last_queued_timestamp_seconds', type: 'gauge', labels: FAMILY },
  { name: 'network_programming_duration_seconds', type: 'histogram', labels: FAMILY, buckets: PROGRAMMING },
  { name: 'sync_proxy_rules_endpoint_changes_pending', type: 'gauge', labels: [] },
  { name: 'sync_proxy_rules_endpoint_changes_total', type: 'counter', labels: [] },
  { name: 'sync_proxy_rules_service_changes_pending', type: 'gauge', labels: [] },
  { name: 'sync_proxy_rules_service_changes_total', type: 'counter', labels: [] },
  { name: 'sync_proxy_rules_no_local_endpoints_total', type: 'gauge', labels: ['ip_family', 'traffic_policy'] },
  { name: 'proxy_healthz_total', type: 'counter', labels: ['code'] },
  { name: 'proxy_livez_total', type: 'counter', labels: ['code'] },
  { name: 'sync_proxy_rules_iptables_restore_failures_total', type: 'counter', labels: FAMILY },
  { name: 'sync_proxy_rules_iptables_partial_restore_failures_total', type: 'counter', labels: FAMILY, modes: IPTABLES },
  { name: 'sync_proxy_rules_iptables_total', type: 'gauge', labels: TABLE, modes: IPTABLES },
  { name: 'sync_proxy_rules_iptables_last', type: 'gauge', labels: TABLE, modes: IPTABLES },
  { name: 'iptables_ct_state_invalid_dropped_packets_total', type: 'counter', labels: [], modes: IPTABLES },
  { name: 'iptables_localhost_nodeports_accepted_packets_total', type: 'counter', labels: [], modes: IPTABLES },
  { name: 'conntrack_reconciler_sync_duration_seconds', type: 'histogram', labels: FAMILY, buckets: DURATIONS },
  { name: 'conntrack_reconciler_deleted_entries_total', type: 'counter', labels: FAMILY },
];

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The samples of one name in the text of /metrics. */
export function samples(text: string, name: string): Sample[] {
  const found: Sample[] = [];
  for (const line of text.split('\n')) {
    const [, sampled, labels = '', value] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (sampled !== name) continue;
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text]);
    found.push({ labels: Object.fromEntries(pairs) as Sample['labels'], value: Number(value) });
  }
  return found;
}

export function labelsOf(sample: Sample | undefined): string[] {
  return Object.keys(sample?.labels ?? {}).sort();
}
