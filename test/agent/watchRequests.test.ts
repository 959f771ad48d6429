import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { Registry } from 'prom-client';
import { restClientMetrics } from '../../src/observe/restClientMetrics.ts';
import { ApiError } from '../../src/watch/apiError.ts';
import { connectTo } from '../../src/watch/connection.ts';
import { fromKubeconfig } from '../../src/watch/kubeconfig.ts';
import { startFakeApiServer } from '../support/fakeApiServer.ts';
import { labelsOf, samples } from '../support/kubeProxyMetrics.ts';

const NEVER = new AbortController().signal;
const SERVICES = { path: '/api/v1/services', query: {}, signal: NEVER };
const EVENTS = '/apis/events.k8s.io/v1/namespaces/default/events';

test('requests are counted as client-go counts them, also those without an answer', async (t) => {
  const server = await startFakeApiServer();
  const registry = new Registry();
  const cluster = await fromKubeconfig(await server.writeKubeconfig());
  const connection = connectTo(cluster, { observer: restClientMetrics(registry) });
  t.after(() => connection.close());
  await text(await connection.get(SERVICES));
  await assert.rejects(connection.get({ ...SERVICES, path: '/nowhere' }), ApiError);
  const event = { metadata: { name: 'e', namespace: 'default' } };
  await connection.post(EVENTS, event, NEVER);
  await server.close();
  connection.close();
  await assert.rejects(connection.get(SERVICES));

  const shown = await registry.metrics();
  const { host } = cluster.server;
  const requests = samples(shown, 'rest_client_requests_total');
  const counts = requests.map(
    ({ labels, value }) => `${labels['method'] ?? ''} ${labels['code'] ?? ''} ${String(value)}`,
  );
  assert.deepEqual(counts.sort(), ['GET 200 1', 'GET 404 1', 'GET <error> 1', 'POST 201 1']);
  assert.ok(requests.every(({ labels }) => labels['host'] === host));
  assert.deepEqual(labelsOf(requests[0]), ['code', 'host', 'method']);
  const durations = samples(shown, 'rest_client_request_duration_seconds_count');
  assert.deepEqual(durations.map(({ labels, value }) => [labels['verb'], value]).sort(), [
    ['GET', 3],
    ['POST', 1],
  ]);
  const limits = samples(shown, 'rest_client_request_duration_seconds_bucket');
  assert.deepEqual(
    [...new Set(limits.map(({ labels }) => labels['le']))],
    [...[0.005, 0.025, 0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60].map(String), '+Inf'],
  );
});
