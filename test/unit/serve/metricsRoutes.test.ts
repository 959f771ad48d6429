import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';

import type { Answer } from '../../../src/serve/answer.ts';
import { metricsRoutes } from '../../../src/serve/metricsRoutes.ts';
import type { MetricsRoutesOptions } from '../../../src/serve/metricsRoutes.ts';
import { route } from '../../../src/serve/routes.ts';

const NEVER = new AbortController().signal;
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

const pings: string[] = [];
const verbosities: number[] = [];
let resets = 0;

const OPTIONS: MetricsRoutesOptions = {
  component: { name: 'kube-proxy', version: '1.2.3', startedAt: Date.now(), runtime: 'Node.js' },
  mode: 'iptables',
  configz: () => ({ kind: 'KubeProxyConfiguration', mode: 'iptables' }),
  flagz: () => new Map([['v', '0']]),
  metrics: { contentType: METRICS_TYPE, metrics: () => Promise.resolve('up 1\n') },
  slis: {
    contentType: METRICS_TYPE,
    metrics: () => Promise.resolve('ping 1\n'),
    reset: () => (resets += 1),
  },
  onPing: () => void pings.push('ping'),
  profiling: undefined,
};

const PROFILED: MetricsRoutesOptions = {
  ...OPTIONS,
  profiling: { routes: new Map(), setVerbosity: (level) => void verbosities.push(level) },
};

async function ask(
  options: MetricsRoutesOptions,
  [method = '', url = '']: readonly string[],
  body = '',
): Promise<Answer> {
  const request = Object.assign(Readable.from([Buffer.from(body)]), { method, url, headers: {} });
  return route(metricsRoutes(options), request, NEVER);
}

const PATHS: readonly (readonly [path: string, status: number, body: string, type: string])[] = [
  ['/metrics', 200, 'up 1\n', METRICS_TYPE],
  ['/metrics/slis', 200, 'ping 1\n', METRICS_TYPE],
  ['/proxyMode', 200, 'iptables', TEXT],
  ['/healthz', 200, 'ok', TEXT],
  ['/livez', 404, 'not found\n', TEXT],
  ['/debug/pprof/', 404, 'not found\n', TEXT],
  ['/debug/flags/v', 404, 'not found\n', TEXT],
  [
    ...(['/configz', 200] as const),
    '{"kubeproxy.config.k8s.io":{"kind":"KubeProxyConfiguration","mode":"iptables"}}',
    'application/json',
  ],
];

for (const [path, status, body, type] of PATHS) {
  test(`${path} is ${String(status)}`, async () => {
    const answer = await ask(OPTIONS, ['GET', path]);
    assert.deepEqual([answer.status, answer.body], [status, body]);
    assert.equal(answer.headers['Content-Type'], type);
  });
}

test('somebody who asks for /healthz is counted', async () => {
  pings.length = 0;
  await ask(OPTIONS, ['GET', '/healthz']);
  assert.deepEqual(pings, ['ping']);
});

test('the health checks are forgotten on DELETE', async () => {
  resets = 0;
  const answer = await ask(OPTIONS, ['DELETE', '/metrics/slis']);
  assert.deepEqual([answer.status, answer.body, resets], [200, 'metrics reset\n', 1]);
});

test('/statusz lists the first part of what is served', async () => {
  const { body } = await ask(PROFILED, ['GET', '/statusz']);
  const paths = '/configz /debug /flagz /healthz /metrics /proxyMode /statusz';
  assert.ok(typeof body === 'string');
  assert.match(body, new RegExp(`^Paths: ${paths}$`, 'm'));
});

test('PUT /debug/flags/v sets the verbosity', async () => {
  const answer = await ask(PROFILED, ['PUT', '/debug/flags/v'], ' 4\n');
  assert.equal(answer.body, 'successfully set klog.logging.verbosity to 4');
  assert.deepEqual(verbosities, [4]);
});

for (const body of ['', 'four', '-1', '4.5', '4444444444', '4'.repeat(1000)]) {
  test(`but not to ${JSON.stringify(body.slice(0, 12))}`, async () => {
    verbosities.length = 0;
    assert.equal((await ask(PROFILED, ['PUT', '/debug/flags/v'], body)).status, 400);
    assert.deepEqual(verbosities, []);
  });
}

test('and to GET it says what it wants', async () => {
  const answer = await ask(PROFILED, ['GET', '/debug/flags/v']);
  assert.deepEqual([answer.status, answer.headers['Allow']], [405, 'PUT']);
});
