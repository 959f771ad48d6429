/** A running agent under another Config, on a node in memory. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/schema.ts';
import { startAgent } from '../../src/sync/agent.ts';
import type { Agent } from '../../src/sync/agent.ts';
import { noEvents } from '../../src/watch/events.ts';
import type { ObjectSource } from '../../src/watch/source.ts';
import { node, service, slice } from '../support/builders.ts';
import { fakeNodeKernel } from '../support/fakeNodeKernel.ts';
import { fakeRelay } from '../support/fakeRelay.ts';
import type { FakeRelay } from '../support/fakeRelay.ts';

const TIMEOUT = { timeout: 30_000 };

const SOURCE: ObjectSource = {
  start(sink) {
    const objects = { Service: [service()], EndpointSlice: [slice()], Node: [node()] };
    for (const kind of ['Service', 'EndpointSlice', 'Node'] as const) {
      sink.listStarted(kind);
      for (const object of objects[kind]) sink.put(kind, object);
      sink.listFinished(kind);
    }
  },
  stop: () => Promise.resolve(),
};

function configOf(mode: string): Config {
  const flags = { 'proxy-mode': mode, 'healthz-bind-address': '', 'metrics-bind-address': '' };
  const { config, problems } = loadConfig(flags, { nodeName: 'node-1', hostname: 'h' });
  assert.ok(config !== undefined, String(problems));
  return config;
}

interface Fixture {
  readonly agent: Agent;
  readonly relays: readonly FakeRelay[];
  readonly kernel: ReturnType<typeof fakeNodeKernel>;
  /** Resolves at the next `synced` in the log. */
  synced(): Promise<void>;
}

async function started(t: TestContext, mode: string): Promise<Fixture> {
  const relays: FakeRelay[] = [];
  const kernel = fakeNodeKernel();
  let count = 0;
  const unheard = (): void => undefined;
  const agent = await startAgent({
    ...{ config: configOf(mode), version: '1.2.3', kernel, events: noEvents, onReady: unheard },
    log: {
      ...{ warn: unheard, debug: unheard, error: unheard, setVerbosity: unheard },
      info: (message) => {
        if (message === 'synced') count += 1;
      },
    },
    openRelay: () => {
      relays.push(fakeRelay(10_200 + relays.length));
      return Promise.resolve(relays.at(-1) ?? fakeRelay());
    },
    makeSource: () => SOURCE,
  });
  t.after(() => agent.stop());
  let seen = 0;
  async function synced(): Promise<void> {
    while (count === seen) await wait(5);
    seen = count;
  }
  await synced();
  return { agent, relays, kernel, synced };
}

async function rules(kernel: Fixture['kernel'], table: string): Promise<string> {
  return kernel.list('iptables-nft-save', ['-t', table]);
}

test(
  'from iptables to userspace and on: the relay that no rule leads to drains',
  TIMEOUT,
  async (t) => {
    const { agent, relays, kernel, synced } = await started(t, 'iptables');
    assert.match(await rules(kernel, 'nat'), /KUBE-DISPATCH/);
    await agent.reconfigure(configOf('userspace'));
    await synced();
    assert.match(await rules(kernel, 'mangle'), /--on-port 10200 /);
    assert.doesNotMatch(await rules(kernel, 'nat'), /KUBE-/);
    const [relay] = relays;
    assert.ok(relay);
    assert.deepEqual(relay.calls, []);

    await agent.reconfigure({ ...configOf('userspace'), clusterCIDR: [] });
    await synced();
    assert.match(await rules(kernel, 'mangle'), /--on-port 10201 /);
    while (relay.calls.length === 0) await wait(5);
    assert.deepEqual(relay.calls, ['drain Infinity']);

    await agent.reconfigure(configOf('ipvs'));
    await synced();
    assert.doesNotMatch(await rules(kernel, 'mangle'), /KUBE-RELAY/);
    assert.match(await kernel.list('ipvsadm', ['-Ln']), /10\.96\.0\.1/);
  },
);

test('what the node cannot do is refused, and the one before goes on', TIMEOUT, async (t) => {
  const { agent, kernel } = await started(t, 'iptables');
  const before = await rules(kernel, 'nat');
  const legacy = { ...configOf('iptables').iptables, variant: 'legacy' } as const;
  await assert.rejects(agent.reconfigure({ ...configOf('iptables'), iptables: legacy }));
  assert.equal(await rules(kernel, 'nat'), before);
});
