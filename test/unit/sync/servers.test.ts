import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { createMetrics } from '../../../src/observe/metrics.ts';
import { createHealthState } from '../../../src/serve/healthState.ts';
import { startServers } from '../../../src/sync/servers.ts';
import type { Servers, ServersView } from '../../../src/sync/servers.ts';
import { noEvents } from '../../../src/watch/events.ts';
import { createStore } from '../../../src/watch/store.ts';
import { fakeRelay } from '../../support/fakeRelay.ts';

const SILENT = {
  error: () => undefined,
  warn: () => undefined,
  info: () => undefined,
  debug: () => undefined,
};

/** A port of loopback that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface Ports {
  readonly health: number;
  readonly metrics: number;
}

function configOf(ports: Ports, flags: Readonly<Record<string, string>> = {}): Config {
  const loaded = loadConfig(
    {
      'healthz-bind-address': `127.0.0.1:${String(ports.health)}`,
      'metrics-bind-address': `127.0.0.1:${String(ports.metrics)}`,
      ...flags,
    },
    { nodeName: 'node-1', hostname: 'h' },
  );
  assert.ok(loaded.config !== undefined, String(loaded.problems));
  return loaded.config;
}

function viewOf(config: Config, rest: Partial<ServersView> = {}): ServersView {
  const countPackets: ServersView['countPackets'] = () =>
    Promise.resolve({ invalidDropped: 0, localhostNodePorts: undefined });
  return { config, relay: undefined, countPackets, ...rest };
}

interface Scene {
  readonly servers: Servers;
  readonly events: string[];
}

async function open(t: TestContext, view: ServersView): Promise<Scene> {
  const events: string[] = [];
  const options = {
    log: SILENT,
    metrics: createMetrics({ version: '1.2.3', mode: view.config.mode }),
    health: createHealthState({ families: [4], maxWaitMs: 1 }),
    families: [4] as const,
    store: createStore({ nodeName: 'node-1', startedAt: 0, onChange: () => undefined }),
    events: {
      ...noEvents,
      problem: ({ kind, name }: { kind: string; name: string }, reason: string) =>
        void events.push(`${kind}/${name} ${reason}`),
    },
  };
  const servers = await startServers(options, view);
  t.after(() => servers.close());
  return { servers, events };
}

async function get(port: number, path: string): Promise<string> {
  return (await fetch(`http://127.0.0.1:${String(port)}${path}`)).text();
}

test('mode, metrics and relay are those of the view', async (t) => {
  const ports = { health: await freePort(), metrics: await freePort() };
  const { servers } = await open(t, viewOf(configOf(ports)));
  assert.equal(await get(ports.metrics, '/proxyMode'), 'iptables');
  assert.match(await get(ports.metrics, '/metrics'), /^# TYPE kubeproxy_.*iptables_last gauge$/m);
  const config = configOf(ports, { 'proxy-mode': 'userspace' });
  await servers.show(viewOf(config, { relay: fakeRelay() }));
  assert.equal(await get(ports.metrics, '/proxyMode'), 'userspace');
  const text = await get(ports.metrics, '/metrics');
  assert.doesNotMatch(text, /iptables_last/);
  assert.match(text, /^fairway_relay_open_files 0$/m);
  await servers.show(viewOf(configOf(ports)));
  assert.doesNotMatch(await get(ports.metrics, '/metrics'), /fairway_relay/);
});

test('servers move to the addresses of the view', async (t) => {
  const before = { health: await freePort(), metrics: await freePort() };
  const after = { health: await freePort(), metrics: await freePort() };
  const { servers } = await open(t, viewOf(configOf(before)));
  await servers.show(viewOf(configOf(after)));
  assert.equal(await get(after.metrics, '/healthz'), 'ok');
  assert.match(await get(after.health, '/livez'), /"healthy":true/);
  await assert.rejects(get(before.metrics, '/healthz'));
  await assert.rejects(get(before.health, '/livez'));
});
