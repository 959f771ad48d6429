import assert from 'node:assert/strict';
import { networkInterfaces } from 'node:os';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import type { ServiceHealth, ServiceKey } from '../../../src/model/types.ts';
import { textAnswer } from '../../../src/serve/answer.ts';
import { listen } from '../../../src/serve/listen.ts';
import type { Listener } from '../../../src/serve/listen.ts';
import { createServiceHealth } from '../../../src/serve/serviceHealth.ts';
import type { ServiceHealthServers } from '../../../src/serve/serviceHealth.ts';
import { sortedMap } from '../../../src/sorted/sortedMap.ts';

interface Bench {
  readonly servers: ServiceHealthServers;
  /** `name: code` of each failure that was reported. */
  readonly failures: string[];
  isAlive: boolean;
}

function bench(t: TestContext, ipv6: readonly string[] = []): Bench {
  const failures: string[] = [];
  const state: Bench = {
    failures,
    isAlive: true,
    servers: createServiceHealth({
      addresses: { 4: ['127.0.0.1'], 6: ipv6 },
      isAlive: () => state.isAlive,
      onFailure: (service, error) => failures.push(`${service.name}: ${error.code}`),
    }),
  };
  t.after(() => state.servers.close());
  return state;
}

function health(name: string, port: number, v4: number, v6 = 0): ServiceHealth {
  return {
    service: `shop/${name}` as ServiceKey,
    reference: { kind: 'Service', namespace: 'shop', name, uid: '' },
    port,
    localEndpoints: { 4: v4, 6: v6 },
  };
}

function applying({ servers }: Bench, ...services: readonly ServiceHealth[]): Promise<void> {
  return servers.apply(sortedMap(services.map((each) => [each.service, each] as const)));
}

function occupied(): Promise<Listener> {
  const answer = () => textAnswer(200, 'somebody else');
  return listen({ host: '127.0.0.1', port: 0, advice: '', answer });
}

/** Free a moment ago; nothing else on this machine asks for such ports while the test runs. */
async function freePort(): Promise<number> {
  const listener = await occupied();
  await listener.close();
  return listener.port;
}

function asked(port: number, path = '/', init: RequestInit = {}): Promise<Response> {
  // Each with a connection of its own: a kept one would not notice a closed listener.
  const headers = { Connection: 'close' };
  return fetch(`http://127.0.0.1:${String(port)}${path}`, { headers, ...init });
}

async function serviceAt(port: number): Promise<string> {
  const body = (await (await asked(port)).json()) as { service: { name: string } };
  return body.service.name;
}

const ANSWERS = [
  { count: 2, isAlive: true, status: 200 },
  { count: 0, isAlive: true, status: 503 },
  { count: 2, isAlive: false, status: 503 },
];

for (const { count, isAlive, status } of ANSWERS) {
  test(`${String(count)} endpoints, ${isAlive ? 'alive' : 'stuck'}: ${String(status)}`, async (t) => {
    const setting = bench(t);
    const port = await freePort();
    await applying(setting, health('web', port, count));
    setting.isAlive = isAlive;
    const answer = await asked(port);
    assert.equal(answer.status, status);
    assert.equal(
      await answer.text(),
      JSON.stringify({
        service: { namespace: 'shop', name: 'web' },
        localEndpoints: count,
        serviceProxyHealthy: isAlive,
      }),
    );
    assert.equal(answer.headers.get('content-type'), 'application/json');
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
    assert.equal(answer.headers.get('x-load-balancing-endpoint-weight'), String(count));
  });
}

test('any path and method is answered alike', async (t) => {
  const setting = bench(t);
  const port = await freePort();
  await applying(setting, health('web', port, 1));
  assert.equal((await asked(port, '/any/thing?at=all')).status, 200);
  assert.equal((await asked(port, '/', { method: 'POST', body: 'x' })).status, 200);
  const head = await asked(port, '/', { method: 'HEAD' });
  assert.deepEqual([head.status, await head.text()], [200, '']);
});

test('a changed count shows at once, on the listener that is there', async (t) => {
  const setting = bench(t);
  const port = await freePort();
  await applying(setting, health('web', port, 1));
  await applying(setting, health('web', port, 0));
  assert.equal((await asked(port)).status, 503);
});

test('a Service that is gone is not listened for any more', async (t) => {
  const setting = bench(t);
  const [port, other] = [await freePort(), await freePort()];
  await applying(setting, health('api', other, 1), health('web', port, 1));
  await applying(setting, health('api', other, 1));
  await assert.rejects(asked(port));
  assert.equal(await serviceAt(other), 'api');
});

test('two Services can swap their ports in one sync', async (t) => {
  const setting = bench(t);
  const [one, two] = [await freePort(), await freePort()];
  await applying(setting, health('api', one, 1), health('web', two, 1));
  await applying(setting, health('api', two, 1), health('web', one, 1));
  assert.deepEqual([await serviceAt(one), await serviceAt(two)], ['web', 'api']);
  assert.deepEqual(setting.failures, []);
});

test('a port goes from one Service to another in one sync', async (t) => {
  const setting = bench(t);
  const port = await freePort();
  await applying(setting, health('web', port, 1));
  await applying(setting, health('api', port, 1));
  assert.equal(await serviceAt(port), 'api');
  assert.deepEqual(setting.failures, []);
});

test('a taken port is reported once, tried again by each sync, and stops no other', async (t) => {
  const setting = bench(t);
  const squatter = await occupied();
  t.after(() => squatter.close());
  const services = [health('api', squatter.port, 1), health('web', await freePort(), 1)] as const;
  await applying(setting, ...services);
  await applying(setting, ...services);
  assert.deepEqual(setting.failures, ['api: EADDRINUSE']);
  assert.equal(await serviceAt(services[1].port), 'web');

  await squatter.close();
  await applying(setting, ...services);
  assert.equal(await serviceAt(squatter.port), 'api');
  assert.deepEqual(setting.failures, ['api: EADDRINUSE']);
});

test('another taken port of the same Service is reported again', async (t) => {
  const setting = bench(t);
  const squatters = [await occupied(), await occupied()];
  for (const squatter of squatters) {
    t.after(() => squatter.close());
    await applying(setting, health('web', squatter.port, 1));
  }
  assert.deepEqual(setting.failures, ['web: EADDRINUSE', 'web: EADDRINUSE']);
});

test('a Service whose port was never bound can go', async (t) => {
  const setting = bench(t);
  const squatter = await occupied();
  t.after(() => squatter.close());
  await applying(setting, health('web', squatter.port, 1));
  await applying(setting);
  assert.equal(await (await asked(squatter.port)).text(), 'somebody else');
});

test('each family answers with its own count', async (t) => {
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === '::1'),
  );
  if (!hasIpv6) {
    t.skip('this machine has no ::1');
    return;
  }
  const setting = bench(t, ['::1']);
  const port = await freePort();
  await applying(setting, health('web', port, 3, 0));
  const v6 = await fetch(`http://[::1]:${String(port)}/`);
  assert.deepEqual([(await asked(port)).status, v6.status], [200, 503]);
  assert.equal(v6.headers.get('x-load-balancing-endpoint-weight'), '0');
});

test('close closes every listener, and a later apply opens them again', async (t) => {
  const setting = bench(t);
  const web = health('web', await freePort(), 1);
  await applying(setting, web);
  await setting.servers.close();
  await assert.rejects(asked(web.port));
  await applying(setting, web);
  assert.equal(await serviceAt(web.port), 'web');
});
