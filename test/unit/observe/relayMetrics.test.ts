import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { relayMetrics } from '../../../src/observe/relayMetrics.ts';
import type { RelayCounts, ServiceCounts } from '../../../src/relay/relay.ts';

const NO_FAILURES = {
  ...{ refused: 0, 'timed-out': 0, unreachable: 0, reset: 0 },
  ...{ 'no-endpoint': 0, 'over-limit': 0, 'out-of-files': 0 },
};

function countsOf(over: Partial<ServiceCounts> = {}): ServiceCounts {
  return {
    ...{ connections: 0, active: 0, retries: 0, failures: NO_FAILURES },
    ...{ bytesToEndpoints: 0, bytesToClients: 0, setAside: 0, connectSeconds: [0, 0, 0] },
    ...over,
  };
}

function relayCounts(services: Readonly<Record<string, ServiceCounts>>): RelayCounts {
  return {
    services: new Map(Object.entries(services)),
    files: { open: 12, limit: 1000 },
    acceptPauses: 3,
    workersRestarted: 1,
  };
}

function harness(mostServices?: number) {
  const registry = new Registry();
  const options = { buckets: [0.001, 1] };
  const metrics = relayMetrics(
    registry,
    mostServices === undefined ? options : { ...options, mostServices },
  );
  return {
    async shown(services: Readonly<Record<string, ServiceCounts>>): Promise<readonly string[]> {
      metrics.show(relayCounts(services));
      return (await registry.metrics()).split('\n').filter((line) => /^[^#]/.test(line));
    },
    registry,
  };
}

test('protocols and families of one port count together', async () => {
  const shown = await harness().shown({
    'default/web:http/TCP/4': countsOf({ connections: 5, bytesToClients: 100 }),
    'default/web:http/TCP/6': countsOf({ connections: 2, active: 1 }),
    'default/dns:/UDP/4': countsOf({ connections: 1, setAside: 2 }),
  });
  for (const line of [
    'fairway_relay_connections_total{service="default/web:http"} 7',
    'fairway_relay_active{service="default/web:http"} 1',
    'fairway_relay_client_bytes_total{service="default/web:http"} 100',
    'fairway_relay_connections_total{service="default/dns"} 1',
    'fairway_relay_endpoints_set_aside{service="default/dns"} 2',
    'fairway_relay_open_files 12',
    'fairway_relay_open_files_limit 1000',
    'fairway_relay_accept_pauses_total 3',
    'fairway_relay_worker_restarts_total 1',
  ]) {
    assert.ok(shown.includes(line), line);
  }
});

test('failures by kind, and only those that there were', async () => {
  const failures = { ...NO_FAILURES, refused: 4, reset: 1 };
  const shown = await harness().shown({ 'a/b:c/TCP/4': countsOf({ failures }) });
  assert.deepEqual(
    shown.filter((line) => line.includes('failures')),
    [
      'fairway_relay_failures_total{service="a/b:c",kind="refused"} 4',
      'fairway_relay_failures_total{service="a/b:c",kind="reset"} 1',
    ],
  );
});

test('the time of connecting is a histogram', async () => {
  const { shown, registry } = harness();
  const lines = await shown({
    'a/b:/TCP/4': countsOf({ connections: 6, connectSeconds: [4, 1, 1] }),
  });
  const label = 'service="a/b"';
  assert.deepEqual(
    lines.filter((line) => line.includes('seconds')),
    [
      `fairway_relay_connect_seconds_bucket{${label},le="0.001"} 4`,
      `fairway_relay_connect_seconds_bucket{${label},le="1"} 5`,
      `fairway_relay_connect_seconds_bucket{${label},le="+Inf"} 6`,
      `fairway_relay_connect_seconds_sum{${label}} 1.5025`,
      `fairway_relay_connect_seconds_count{${label}} 6`,
    ],
  );
  assert.match(await registry.metrics(), /# TYPE fairway_relay_connect_seconds histogram/);
});

test('a Service without clients is not shown, one that is gone no more', async () => {
  const { shown } = harness();
  const web = { 'a/web:/TCP/4': countsOf({ connections: 1 }) };
  const all = await shown({ ...web, 'a/idle:/TCP/4': countsOf() });
  assert.ok(!all.join('\n').includes('a/idle'));
  assert.ok((await shown(web)).join('\n').includes('a/web'));
  assert.ok(!(await shown({})).join('\n').includes('a/web'));
});

test('beyond a number of Services the rest counts as one, and labels stay with whom they were', async () => {
  const { shown } = harness(2);
  const counts = (connections: number): ServiceCounts => countsOf({ connections });
  const connections = (lines: readonly string[]): readonly string[] =>
    lines.filter((line) => line.startsWith('fairway_relay_connections_total'));
  await shown({ 'a/b:/TCP/4': counts(1), 'a/c:/TCP/4': counts(1) });
  const lines = await shown({
    ...{ 'a/a:/TCP/4': counts(100), 'a/b:/TCP/4': counts(2), 'a/c:/TCP/4': counts(3) },
    'a/d:/TCP/4': counts(10),
  });
  assert.deepEqual(connections(lines), [
    'fairway_relay_connections_total{service="a/b"} 2',
    'fairway_relay_connections_total{service="a/c"} 3',
    'fairway_relay_connections_total{service="other"} 110',
  ]);
});

test('every metric is in the README', async () => {
  const { registry, shown } = harness();
  await shown({});
  const readme = readFileSync('README.md', 'utf8');
  for (const { name } of registry.getMetricsAsArray()) assert.ok(readme.includes(name), name);
});
