import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { startHealthServer, startMetricsServer } from '../../../src/serve/http.ts';
import type { HealthStatus } from '../../../src/serve/healthState.ts';
import { metricsRoutes } from '../../../src/serve/metricsRoutes.ts';
import type { Listener } from '../../../src/serve/listen.ts';

const ADDRESS = { host: '127.0.0.1', port: 0 };

const STATUS: HealthStatus = {
  now: 0,
  isReady: true,
  isAlive: true,
  isNodeEligible: false,
  families: [{ family: 4, lastSynced: 0, isAlive: true }],
};

const REGISTRY = {
  contentType: 'text/plain; version=0.0.4; charset=utf-8',
  metrics: () => Promise.resolve('up 1\n'),
};

async function opened(t: TestContext, start: Promise<Listener>): Promise<string> {
  const listener = await start;
  t.after(() => listener.close());
  return `http://127.0.0.1:${String(listener.port)}`;
}

test('the health server answers its three paths, counts two and knows no other', async (t) => {
  const counted: string[] = [];
  const onAnswer = (path: string, code: number) => counted.push(`${path} ${String(code)}`);
  const url = await opened(
    t,
    startHealthServer({ address: ADDRESS, status: () => STATUS, onAnswer }),
  );
  const seen: Record<string, number> = {};
  for (const path of ['/healthz', '/livez', '/readyz', '/metrics', '/']) {
    seen[path] = (await fetch(url + path)).status;
  }
  assert.deepEqual(seen, {
    '/healthz': 503,
    '/livez': 200,
    '/readyz': 200,
    '/metrics': 404,
    '/': 404,
  });
  assert.deepEqual(counted, ['healthz 503', 'livez 200']);
});

test('each answer is about the present', async (t) => {
  let isReady = false;
  const status = () => ({ ...STATUS, isReady });
  const url = await opened(
    t,
    startHealthServer({ address: ADDRESS, status, onAnswer: () => undefined }),
  );
  assert.equal((await fetch(`${url}/readyz`)).status, 503);
  isReady = true;
  const answer = await fetch(`${url}/readyz`);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), { ready: true, status: { IPv4: { synced: true } } });
});

const ROUTES = metricsRoutes({ mode: () => 'iptables', registry: REGISTRY });

const METRICS_PATHS: readonly (readonly [string, number, string, string])[] = [
  ['/metrics', 200, 'up 1\n', REGISTRY.contentType],
  ['/proxyMode', 200, 'iptables', 'text/plain; charset=utf-8'],
  ['/healthz', 200, 'ok', 'text/plain; charset=utf-8'],
  ['/livez', 404, 'not found\n', 'text/plain; charset=utf-8'],
  ['/debug/pprof/', 404, 'not found\n', 'text/plain; charset=utf-8'],
];

for (const [path, status, body, contentType] of METRICS_PATHS) {
  test(`the metrics server answers ${path} with ${String(status)}`, async (t) => {
    const url = await opened(t, startMetricsServer({ address: ADDRESS, routes: () => ROUTES }));
    const answer = await fetch(url + path);
    assert.equal(answer.status, status);
    assert.equal(await answer.text(), body);
    assert.equal(answer.headers.get('content-type'), contentType);
  });
}

test('a taken port is an error that names the flag to change', async (t) => {
  const options = { routes: () => ROUTES };
  const url = await opened(t, startMetricsServer({ address: ADDRESS, ...options }));
  const address = { host: '127.0.0.1', port: Number(new URL(url).port) };
  await assert.rejects(startMetricsServer({ address, ...options }), {
    name: 'ListenError',
    message:
      /; free it or set --metrics-bind-address to another address \("" turns this server off\)$/,
  });
  const health = { address, status: () => STATUS, onAnswer: () => undefined };
  await assert.rejects(startHealthServer(health), /--healthz-bind-address/);
});
