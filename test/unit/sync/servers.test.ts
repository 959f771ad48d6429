import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { printConfiguration } from '../../../src/config/printConfiguration.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { createMetrics } from '../../../src/observe/metrics.ts';
import { createHealthState } from '../../../src/serve/healthState.ts';
import { startServers } from '../../../src/sync/servers.ts';
import type { Servers } from '../../../src/sync/servers.ts';
import type { ServersView } from '../../../src/sync/serversView.ts';
import { noEvents } from '../../../src/watch/events.ts';
import { createStore } from '../../../src/watch/store.ts';
import { fakeRelay } from '../../support/fakeRelay.ts';

/** Somebody who has a port of loopback, until closed. */
async function blocker(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    async close() {
      server.close();
      await once(server, 'close');
    },
  };
}

/** A port of loopback that nobody listens on now. */
async function freePort(): Promise<number> {
  const { port, close } = await blocker();
  await close();
  return port;
}

const LIMIT = { timeout: 30_000 };

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
  /** Events, and messages of the log that are more than debug. */
  readonly events: string[];
  readonly said: string[];
  readonly verbosities: number[];
}

async function open(t: TestContext, view: ServersView, events: string[] = []): Promise<Scene> {
  const said: string[] = [];
  const verbosities: number[] = [];
  const add = (message: string): void => void said.push(message);
  const options = {
    version: '1.2.3',
    log: {
      ...{ error: add, warn: add, info: add, debug: () => undefined },
      setVerbosity: (level: number) => void verbosities.push(level),
    },
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
  return { servers, events, said, verbosities };
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

test('a taken port is one event and one line, and is served once it is free', LIMIT, async (t) => {
  const other = await blocker();
  const ports = { health: other.port, metrics: await freePort() };
  const { events, said } = await open(t, viewOf(configOf(ports)));
  assert.deepEqual(events, ['Node/node-1 FailedToStartProxierHealthcheck']);
  assert.deepEqual(said, ['server not listening']);
  assert.equal(await get(ports.metrics, '/healthz'), 'ok');
  await other.close();
  while (said.length < 2) await wait(20);
  assert.deepEqual(said, ['server not listening', 'server listening after all']);
  assert.match(await get(ports.health, '/livez'), /"healthy":true/);
});

test('with bindAddressHardFail a taken port is the end, and an event all the same', async (t) => {
  const other = await blocker();
  t.after(() => other.close());
  const ports = { health: await freePort(), metrics: other.port };
  const view = viewOf(configOf(ports, { 'bind-address-hard-fail': 'true' }));
  const events: string[] = [];
  await assert.rejects(open(t, view, events), { name: 'ListenError' });
  assert.deepEqual(events, ['Node/node-1 FailedToStartMetricServer']);
  await assert.rejects(get(ports.health, '/livez'));
});

test('/metrics/slis has every check, and counts those of the other server', async (t) => {
  const ports = { health: await freePort(), metrics: await freePort() };
  await open(t, viewOf(configOf(ports)));
  await get(ports.metrics, '/healthz');
  await get(ports.health, '/livez');
  await get(ports.health, '/healthz');
  const text = await get(ports.metrics, '/metrics/slis');
  for (const line of [
    '# TYPE kubernetes_healthcheck gauge',
    'kubernetes_healthcheck{name="ping",type="healthz"} 1',
    'kubernetes_healthcheck{name="sync",type="healthz"} 1',
    'kubernetes_healthcheck{name="node",type="healthz"} 0',
    'kubernetes_healthcheck{name="sync",type="livez"} 1',
    'kubernetes_healthcheck{name="first-sync",type="readyz"} 0',
    '# TYPE kubernetes_healthchecks_total counter',
    'kubernetes_healthchecks_total{name="ping",type="healthz",status="success"} 1',
    'kubernetes_healthchecks_total{name="sync",type="livez",status="success"} 2',
    'kubernetes_healthchecks_total{name="node",type="healthz",status="error"} 2',
    'kubernetes_healthchecks_total{name="first-sync",type="readyz",status="error"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} in\n${text}`);
  }
  await fetch(`http://127.0.0.1:${String(ports.metrics)}/metrics/slis`, { method: 'DELETE' });
  assert.doesNotMatch(await get(ports.metrics, '/metrics/slis'), /ping/);
});

test('/configz and /flagz have the configuration in effect', async (t) => {
  const ports = { health: await freePort(), metrics: await freePort() };
  const { servers } = await open(t, viewOf(configOf(ports)));
  const config = configOf(ports, { 'proxy-mode': 'ipvs', 'cluster-cidr': '10.244.0.0/16' });
  await servers.show(viewOf(config));
  const configz = JSON.parse(await get(ports.metrics, '/configz')) as Record<string, unknown>;
  assert.deepEqual(configz, { 'kubeproxy.config.k8s.io': printConfiguration(config) });
  const flagz = (await get(ports.metrics, '/flagz')).split('\n');
  assert.ok(flagz.includes('cluster-cidr=10.244.0.0/16'));
  assert.ok(flagz.includes('proxy-mode=ipvs'));
  assert.match(await get(ports.metrics, '/statusz'), /^kube-proxy statusz$/m);
});

test('profiles and verbosity are served only where profiling is on, also from a later view', async (t) => {
  const ports = { health: await freePort(), metrics: await freePort() };
  const { servers, verbosities } = await open(t, viewOf(configOf(ports)));
  const put = { method: 'PUT', body: '6' };
  const flag = `http://127.0.0.1:${String(ports.metrics)}/debug/flags/v`;
  assert.equal((await fetch(flag, put)).status, 404);
  assert.equal(await get(ports.metrics, '/debug/pprof/'), 'not found\n');
  await servers.show(viewOf(configOf(ports, { profiling: 'true' })));
  assert.match(await get(ports.metrics, '/debug/pprof/'), /cpuprofile/);
  const answer = await fetch(flag, put);
  assert.equal(await answer.text(), 'successfully set klog.logging.verbosity to 6');
  assert.deepEqual(verbosities, [6]);
});
