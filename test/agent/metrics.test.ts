/** What a running agent shows on its metrics port, in each mode, on a node in memory. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { loadConfig } from '../../src/config/load.ts';
import { startAgent } from '../../src/sync/agent.ts';
import { noEvents } from '../../src/watch/events.ts';
import type { ObjectSource } from '../../src/watch/source.ts';
import { node, service, slice } from '../support/builders.ts';
import { fakeNodeKernel } from '../support/fakeNodeKernel.ts';
import { fakeRelay } from '../support/fakeRelay.ts';
import { KUBE_PROXY, MODES, labelsOf, samples } from '../support/kubeProxyMetrics.ts';
import type { Expected } from '../support/kubeProxyMetrics.ts';

const TIMEOUT = { timeout: 30_000 };

type Mode = (typeof MODES)[number];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** One Service with a local and a remote endpoint, and one that policy Local leaves without any. */
const SOURCE: ObjectSource = {
  start(sink) {
    const lost = { name: 'lost', clusterIPs: ['10.96.0.11'], internalTrafficPolicy: 'Local' };
    const objects = {
      Service: [service(), service(lost)],
      EndpointSlice: [slice(), slice({ service: 'lost', endpoints: ['10.244.2.2'] })],
      Node: [node()],
    };
    for (const kind of ['Service', 'EndpointSlice', 'Node'] as const) {
      sink.listStarted(kind);
      for (const object of objects[kind]) sink.put(kind, object);
      sink.listFinished(kind);
    }
  },
  stop: () => Promise.resolve(),
};

/** An agent that has done its first sync; the port of its metrics. */
async function started(t: TestContext, mode: Mode): Promise<number> {
  const port = await freePort();
  const bind = `127.0.0.1:${String(port)}`;
  const flags = { 'proxy-mode': mode, 'healthz-bind-address': '', 'metrics-bind-address': bind };
  const { config, problems } = loadConfig(flags, { nodeName: 'node-1', hostname: 'h' });
  assert.ok(config !== undefined, String(problems));
  const ready = Promise.withResolvers<undefined>();
  const unheard = (): void => undefined;
  const agent = await startAgent({
    ...{ config, version: '1.2.3', kernel: fakeNodeKernel(), events: noEvents },
    log: {
      ...{ warn: unheard, info: unheard, debug: unheard, setVerbosity: unheard },
      error: (message, fields) => ready.reject(new Error(message, { cause: fields })),
    },
    openRelay: () => Promise.resolve(fakeRelay()),
    makeSource: () => SOURCE,
    onReady: () => ready.resolve(undefined),
  });
  t.after(() => agent.stop());
  await ready.promise;
  return port;
}

async function get(port: number, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${String(port)}${path}`)).text();
}

/** Those without a sample until something has gone wrong, or an endpoint told its trigger time. */
const QUIET: ReadonlySet<string> = new Set([
  'network_programming_duration_seconds',
  'sync_partial_proxy_rules_duration_seconds',
  'sync_proxy_rules_iptables_restore_failures_total',
  'sync_proxy_rules_iptables_partial_restore_failures_total',
  // Flows are looked at only for UDP Services, and by the node's own program.
  'conntrack_reconciler_sync_duration_seconds',
  'conntrack_reconciler_deleted_entries_total',
]);

function checkMetric(text: string, { name, type, labels, buckets }: Expected): void {
  const full = `kubeproxy_${name}`;
  assert.ok(text.includes(`\n# TYPE ${full} ${type}\n`), `${full} is a ${type}`);
  const found = samples(text, type === 'histogram' ? `${full}_count` : full);
  for (const sample of found) assert.deepEqual(labelsOf(sample), labels, full);
  if (!QUIET.has(name)) assert.notEqual(found.length, 0, `${full} has a sample`);
  if (buckets === undefined || found.length === 0) return;
  const limits = new Set(samples(text, `${full}_bucket`).map(({ labels: { le } }) => le));
  assert.deepEqual([...limits], [...buckets.map(String), '+Inf'], full);
}

for (const mode of MODES) {
  test(
    `in ${mode} mode /metrics has kube-proxy's metrics of that mode, and no other`,
    TIMEOUT,
    async (t) => {
      const port = await started(t, mode);
      const text = await get(port, '/metrics');
      const rows = KUBE_PROXY.filter(({ modes }) => modes?.includes(mode) ?? true);
      for (const row of rows) checkMetric(text, row);
      const names = [...text.matchAll(/^# TYPE kubeproxy_(\w+)/gm)].map(([, name]) => name);
      assert.deepEqual(names.sort(), rows.map(({ name }) => name).sort());
      assert.equal(await get(port, '/proxyMode'), mode);
    },
  );
}

test('the values are those of the sync', TIMEOUT, async (t) => {
  const text = await get(await started(t, 'iptables'), '/metrics');
  const values = (name: string): Readonly<Record<string, number>> =>
    Object.fromEntries(
      samples(text, `kubeproxy_${name}`).map(({ labels, value }) => [
        Object.values(labels).join(' '),
        value,
      ]),
    );
  assert.deepEqual(values('sync_proxy_rules_service_changes_total'), { '': 2 });
  assert.deepEqual(values('sync_proxy_rules_endpoint_changes_total'), { '': 2 });
  assert.deepEqual(values('sync_proxy_rules_service_changes_pending'), { '': 0 });
  assert.deepEqual(values('sync_proxy_rules_no_local_endpoints_total'), {
    ...{ 'internal IPv4': 1, 'external IPv4': 0 },
    ...{ 'internal IPv6': 0, 'external IPv6': 0 },
  });
  // A rule of each family, and each has met seven.
  assert.deepEqual(values('iptables_ct_state_invalid_dropped_packets_total'), { '': 14 });
  assert.deepEqual(values('iptables_localhost_nodeports_accepted_packets_total'), { '': 7 });
  const [installed, written] = ['total', 'last'].map((which) =>
    values(`sync_proxy_rules_iptables_${which}`),
  );
  assert.deepEqual(installed, written);
  assert.ok((installed?.['nat IPv4'] ?? 0) > 5);
});
