import assert from 'node:assert/strict';
import { test } from 'node:test';

import { loadConfig } from '../../../src/config/load.ts';
import type { FlagValues } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { nodeOf } from '../../../src/sync/decide.ts';
import { policyReader } from '../../../src/sync/nodePolicy.ts';
import { createStore } from '../../../src/watch/store.ts';
import type { Store } from '../../../src/watch/store.ts';
import { node } from '../../support/builders.ts';
import type { NodeOptions } from '../../support/builders.ts';
import { fakeKernel } from '../../support/fakeKernel.ts';

function configOf(flags: FlagValues): Config {
  const loaded = loadConfig(flags, { nodeName: 'node-1', hostname: 'h' });
  assert.ok(loaded.config !== undefined, String(loaded.problems));
  return loaded.config;
}

function storeOf(nodes: readonly NodeOptions[] = []): Store {
  const store = createStore({ nodeName: 'node-1', startedAt: 0, onChange: () => undefined });
  for (const each of nodes) store.put('Node', node(each));
  return store;
}

/** A reader, the store that it sees the Node in, and what it logs. */
async function harness(flags: FlagValues) {
  const config = configOf(flags);
  const store = storeOf();
  const lines: string[] = [];
  const add = (message: string): void => void lines.push(message);
  const log = { error: add, warn: add, info: add, debug: add };
  const read = await policyReader({ config, log, kernel: fakeKernel() });
  return {
    ...{ store, lines },
    put: (options: NodeOptions) => store.put('Node', node(options)),
    policy: () => read(nodeOf(store, config)),
  };
}

const NODE_CIDR = { 'detect-local-mode': 'NodeCIDR' };
const WAITING = 'waiting for what the Node lacks';
const GOING_ON = 'the Node lacks what it had, which stays in force';
const FOUND = 'the Node lacks nothing any more';

test('without a Node there is a policy where nothing of it is needed', async () => {
  const { policy } = await harness({});
  assert.equal(policy()?.localDetector.kind, 'none');
});

test('NodeCIDR waits for a Node that appears late and gets its podCIDRs later still', async () => {
  const { policy, put, lines } = await harness(NODE_CIDR);
  assert.equal(policy(), undefined);
  assert.equal(policy(), undefined);
  put({ ips: [] });
  assert.equal(policy(), undefined);
  assert.deepEqual(lines, [WAITING]);
  put({ podCIDRs: ['10.244.1.0/24', 'fd00:10::/64'] });
  assert.deepEqual(policy()?.localDetector, {
    kind: 'cidr',
    cidrs: ['10.244.1.0/24', 'fd00:10::/64'],
  });
  assert.deepEqual(lines, [WAITING, FOUND]);
});

test('other podCIDRs are followed at once', async () => {
  const { policy, put } = await harness(NODE_CIDR);
  put({ podCIDRs: ['10.244.1.0/24'] });
  const before = policy();
  put({ podCIDRs: ['10.244.2.0/24'] });
  assert.deepEqual(policy()?.localDetector, { kind: 'cidr', cidrs: ['10.244.2.0/24'] });
  assert.notEqual(policy(), before);
});

test('a Node that loses its podCIDRs for a while keeps what was in force', async () => {
  const { policy, put, store, lines } = await harness(NODE_CIDR);
  put({ podCIDRs: ['10.244.1.0/24'] });
  const before = policy();
  store.remove('Node', '/node-1');
  assert.equal(policy(), before);
  put({});
  assert.equal(policy(), before);
  put({ podCIDRs: ['10.244.1.0/24'] });
  assert.equal(policy(), before);
  assert.deepEqual(lines, [GOING_ON, FOUND]);
});

test('primary waits for addresses of the Node', async () => {
  const { policy, put } = await harness({ 'nodeport-addresses': 'primary' });
  put({ ips: [] });
  assert.equal(policy(), undefined);
  put({ ips: ['192.168.0.1', '192.168.0.2', 'fd00::1'] });
  const expected = { kind: 'cidrs', cidrs: ['192.168.0.1/32', 'fd00::1/128'] };
  assert.deepEqual(policy()?.nodePortAddresses, expected);
});

test('primary with a bind address waits for nothing', async () => {
  const flags = { 'nodeport-addresses': 'primary', 'bind-address': '192.168.7.7' };
  const { policy } = await harness(flags);
  const expected = { kind: 'cidrs', cidrs: ['192.168.7.7/32'] };
  assert.deepEqual(policy()?.nodePortAddresses, expected);
});

const BOUND: readonly (readonly [bind: string, ips: readonly string[]])[] = [
  ['0.0.0.0', ['192.168.0.1', 'fd00::1']],
  ['::', ['192.168.0.1', 'fd00::1']],
  ['127.0.0.1', ['192.168.0.1', 'fd00::1']],
  ['::1', ['192.168.0.1', 'fd00::1']],
  ['192.168.7.7', ['192.168.7.7', 'fd00::1']],
  ['fd00::7', ['fd00::7', '192.168.0.1']],
];

for (const [bind, ips] of BOUND) {
  test(`a node bound to ${bind} has the addresses ${ips.join(' and ')}`, () => {
    const store = storeOf([{ ips: ['192.168.0.1', 'fd00::1'] }]);
    assert.deepEqual(nodeOf(store, configOf({ 'bind-address': bind })).ips, ips);
  });
}
