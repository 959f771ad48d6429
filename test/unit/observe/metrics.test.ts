import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Counter, Gauge, Histogram } from 'prom-client';
import type { Registry } from 'prom-client';

import type { ObjectReference, Problem } from '../../../src/model/types.ts';
import { createMetrics, ipFamily, showProblems } from '../../../src/observe/metrics.ts';
import { KUBE_PROXY, MODES, labelsOf, samples } from '../../support/kubeProxyMetrics.ts';
import type { Expected } from '../../support/kubeProxyMetrics.ts';

const BUILD = { version: '1.2.3', mode: 'iptables' } as const;

// prettier-ignore
const OURS: readonly Expected[] = [
  { name: 'tools_cpu_seconds_total', type: 'counter', labels: [] },
  { name: 'ready', type: 'gauge', labels: [] },
  { name: 'problems', type: 'gauge', labels: ['field', 'kind'] },
  { name: 'sync_failures_total', type: 'counter', labels: ['kind'] },
  { name: 'refused_objects', type: 'gauge', labels: [] },
  { name: 'sync_operations_total', type: 'counter', labels: [] },
  { name: 'drift_repaired_total', type: 'counter', labels: [] },
  { name: 'api_connected', type: 'gauge', labels: ['kind'] },
  { name: 'api_last_event_timestamp_seconds', type: 'gauge', labels: ['kind'] },
  { name: 'build_info', type: 'gauge', labels: ['mode', 'version'] },
];

const ALL = [
  ...KUBE_PROXY.map((row) => ({ ...row, name: `kubeproxy_${row.name}` })),
  ...OURS.map((row) => ({ ...row, name: `fairway_${row.name}` })),
];

/** Give the metric one sample with these labels; prom-client refuses labels it does not know. */
function touch(registry: Registry, { name, labels }: Expected): void {
  const values = Object.fromEntries(labels.map((label) => [label, 'seen']));
  const metric = registry.getSingleMetric(name);
  if (metric instanceof Histogram) metric.observe(values, 1);
  else if (metric instanceof Counter || metric instanceof Gauge) metric.inc(values, 1);
  else assert.fail(`no metric ${name}`);
}

for (const expected of ALL) {
  const { name, type, labels, buckets } = expected;
  test(`${name} is a ${type} with labels [${labels.join(', ')}]`, async () => {
    const { registry } = createMetrics(BUILD);
    touch(registry, expected);
    const text = await registry.metrics();
    assert.ok(text.includes(`# TYPE ${name} ${type}\n`));
    const suffix = type === 'histogram' ? '_count' : '';
    assert.deepEqual(labelsOf(samples(text, `${name}${suffix}`).at(-1)), labels);
    if (buckets === undefined) return;
    const limits = samples(text, `${name}_bucket`).map((sample) => sample.labels['le']);
    assert.deepEqual(limits, [...buckets.map(String), '+Inf']);
  });
}

async function namesIn(registry: Registry): Promise<readonly (string | undefined)[]> {
  const text = await registry.metrics();
  const types = text.matchAll(/^# TYPE ((?:kubeproxy|fairway)_\w+)/gm);
  return [...types].map(([, name]) => name).sort();
}

function namesOf(mode: (typeof MODES)[number]): readonly string[] {
  const rows = ALL.filter(({ modes }) => modes?.includes(mode) ?? true);
  return rows.map(({ name }) => name).sort();
}

for (const mode of MODES) {
  test(`in ${mode} mode there are the metrics of the tables, and no other`, async () => {
    const { registry } = createMetrics({ ...BUILD, mode });
    assert.deepEqual(await namesIn(registry), namesOf(mode));
  });
}

test('metrics come and go with the mode, and keep what they counted', async () => {
  const { registry, kubeProxy, showMode } = createMetrics(BUILD);
  kubeProxy.partialRestoreFailures.inc({ ip_family: 'IPv4' }, 3);
  showMode('ipvs');
  assert.deepEqual(await namesIn(registry), namesOf('ipvs'));
  const [build, ...more] = samples(await registry.metrics(), 'fairway_build_info');
  assert.deepEqual([build?.labels['mode'], more], ['ipvs', []]);
  showMode('iptables');
  assert.deepEqual(await namesIn(registry), namesOf('iptables'));
  const name = 'kubeproxy_sync_proxy_rules_iptables_partial_restore_failures_total';
  assert.equal(samples(await registry.metrics(), name)[0]?.value, 3);
});

test('the process metrics have their standard names', async () => {
  const text = await createMetrics(BUILD).registry.metrics();
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'process_open_fds',
  ]) {
    assert.equal(samples(text, name).length, 1, name);
  }
});

test('two sets of metrics do not know of each other', async () => {
  const [one, other] = [createMetrics(BUILD), createMetrics(BUILD)];
  one.fairway.syncOperations.inc(5);
  const [sample] = samples(await other.registry.metrics(), 'fairway_sync_operations_total');
  assert.equal(sample?.value, 0);
});

test('the build is shown from the start', async () => {
  const text = await createMetrics(BUILD).registry.metrics();
  assert.deepEqual(samples(text, 'fairway_build_info'), [{ labels: BUILD, value: 1 }]);
});

test('answers with 200 and 503 are counted from zero', async () => {
  const text = await createMetrics(BUILD).registry.metrics();
  assert.deepEqual(samples(text, 'kubeproxy_proxy_livez_total'), [
    { labels: { code: '200' }, value: 0 },
    { labels: { code: '503' }, value: 0 },
  ]);
});

test('a counter of the kernel has no value before it was read, then the total last read', async () => {
  const { registry, kubeProxy } = createMetrics(BUILD);
  const name = 'kubeproxy_iptables_ct_state_invalid_dropped_packets_total';
  assert.deepEqual(samples(await registry.metrics(), name), []);
  kubeProxy.invalidDropped.set(7);
  kubeProxy.invalidDropped.set(9);
  assert.deepEqual(samples(await registry.metrics(), name), [{ labels: {}, value: 9 }]);
  kubeProxy.invalidDropped.set(undefined);
  assert.deepEqual(samples(await registry.metrics(), name), []);
});

test('families have the names that kube-proxy gives them', () => {
  assert.deepEqual([ipFamily(4), ipFamily(6)], [{ ip_family: 'IPv4' }, { ip_family: 'IPv6' }]);
});

function problem(kind: ObjectReference['kind'], field: string): Problem {
  return { object: { kind, namespace: 'n', name: 'x', uid: '' }, field, message: 'expected more' };
}

test('problems are counted by kind and field without indices, and go when solved', async () => {
  const metrics = createMetrics(BUILD);
  showProblems(metrics, [
    [problem('Service', 'spec.externalIPs[0]'), problem('Service', 'spec.externalIPs[12]')],
    [problem('EndpointSlice', 'endpoints[3].addresses[0]')],
  ]);
  assert.deepEqual(samples(await metrics.registry.metrics(), 'fairway_problems'), [
    { labels: { kind: 'Service', field: 'spec.externalIPs' }, value: 2 },
    { labels: { kind: 'EndpointSlice', field: 'endpoints.addresses' }, value: 1 },
  ]);
  showProblems(metrics, []);
  assert.deepEqual(samples(await metrics.registry.metrics(), 'fairway_problems'), []);
});
