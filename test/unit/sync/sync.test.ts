import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { iptablesBackend } from '../../../src/backends/iptables/index.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import type { Snapshot } from '../../../src/model/types.ts';
import type { SyncResult } from '../../../src/sync/sync.ts';
import { syncTask } from '../../../src/sync/sync.ts';
import { fakeKernel } from '../../support/fakeKernel.ts';
import { faultyKernel } from '../../support/faultyKernel.ts';
import {
  arbitraryServicePort,
  endpoint,
  servicePort,
  snapshotOf,
} from '../../support/servicePorts.ts';

const NEVER = new AbortController().signal;

const SYSCTLS = { 'net.ipv4.conf.all.route_localnet': '0' };

const backend = iptablesBackend({
  families: [4, 6],
  names: {
    4: { restore: 'iptables-restore', save: 'iptables-save' },
    6: { restore: 'ip6tables-restore', save: 'ip6tables-save' },
  },
});

/** A task whose Snapshot the test sets, and everything that it reports. */
function harness(kernel: Kernel, snapshot: Snapshot) {
  const state = { snapshot, addresses: '', flowsEnded: [] as (Snapshot | undefined)[] };
  const results: SyncResult[] = [];
  const failures: unknown[] = [];
  let unchanged = 0;
  const task = syncTask({
    backend,
    kernel,
    decide: () => state.snapshot,
    addresses: () => state.addresses,
    endStaleFlows: (before) => {
      state.flowsEnded.push(before);
      return Promise.resolve(0);
    },
    report: {
      synced: (result) => void results.push(result),
      unchanged: () => (unchanged += 1),
      failed: (error) => void failures.push(error),
    },
    now: () => 0,
  });
  return { task, state, results, failures, unchanged: () => unchanged };
}

const before = snapshotOf([servicePort()]);
const after = snapshotOf([servicePort({ clusterEndpoints: [endpoint('10.244.9.9')] })]);

test('a change writes only the chain that it is in', async () => {
  const kernel = fakeKernel(SYSCTLS);
  const { task, state, results } = harness(kernel, before);
  await task.sync(false, NEVER);
  state.snapshot = after;
  await task.sync(false, NEVER);
  const [operation, ...more] = results[1]?.operations ?? [];
  assert.equal(more.length, 0);
  assert.ok(operation?.kind === 'run' && operation.stdin !== undefined);
  assert.deepEqual(operation.stdin.match(/^:\S+/gm), [':KUBE-IP']);
  assert.doesNotMatch(operation.stdin, /filter/);
});

test('nothing is asked of the kernel when nothing changed', async () => {
  const kernel = fakeKernel(SYSCTLS);
  const { task, unchanged } = harness(kernel, before);
  await task.sync(false, NEVER);
  const asked = kernel.asked.length;
  await task.sync(false, NEVER);
  assert.equal(kernel.asked.length, asked);
  assert.equal(unchanged(), 1);
});

test('when the addresses changed, a sync looks at the node again', async () => {
  const kernel = fakeKernel(SYSCTLS);
  const { task, state, results } = harness(kernel, before);
  await task.sync(false, NEVER);
  state.snapshot = after;
  await task.sync(false, NEVER);
  state.snapshot = before;
  state.addresses = '192.0.2.1';
  await task.sync(false, NEVER);
  assert.deepEqual(
    results.map(({ isFull }) => isFull),
    [true, false, true],
  );
});

test('a start with the right rules in place writes nothing', async () => {
  const kernel = fakeKernel(SYSCTLS);
  await harness(kernel, before).task.sync(false, NEVER);
  const asked = kernel.asked.length;
  const second = harness(kernel, before);
  await second.task.sync(false, NEVER);
  assert.equal(kernel.asked.length, asked);
  assert.deepEqual(second.results[0]?.operations, []);
});

test('a check repairs what others removed and says so', async () => {
  const kernel = fakeKernel(SYSCTLS);
  const { task, results } = harness(kernel, before);
  await task.sync(true, NEVER);
  const clean = kernel.dump();
  await kernel.apply({
    kind: 'run',
    purpose: 'somebody else',
    program: 'iptables-restore',
    args: ['--noflush'],
    stdin:
      '*nat\n:KUBE-IP - [0:0]\n-D PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES\nCOMMIT\n',
  });
  await task.sync(true, NEVER);
  assert.equal(kernel.dump(), clean);
  assert.equal(results[1]?.repairs.length, 1);
  await task.sync(true, NEVER);
  assert.equal(results[2]?.repairs.length, 0);
});

test('a check that is broken off changes nothing, and what was known is still known', async () => {
  const kernel = fakeKernel(SYSCTLS);
  const breakOff = new AbortController();
  const { task, results, failures } = harness(
    {
      ...kernel,
      list: (program, args, signal) =>
        signal?.aborted === true ? Promise.reject(new Error('ended')) : kernel.list(program, args),
    },
    before,
  );
  await task.sync(true, breakOff.signal);
  breakOff.abort();
  assert.equal(await task.sync(true, breakOff.signal), undefined);
  await task.sync(false, NEVER);
  assert.deepEqual([results.length, failures.length], [1, 0]);
});

test('stale flows are ended against the last Snapshot whose rules were installed', async () => {
  const kernel = fakeKernel(SYSCTLS);
  const { task, state } = harness(kernel, before);
  await task.sync(false, NEVER);
  state.snapshot = after;
  await task.sync(false, NEVER);
  assert.deepEqual(state.flowsEnded, [undefined, before]);
});

test('a mistake while deciding is reported, and the sync fails', async () => {
  const { task, state, failures } = harness(fakeKernel(SYSCTLS), before);
  state.snapshot = { ...before, families: undefined as unknown as Snapshot['families'] };
  await assert.rejects(task.sync(false, NEVER));
  assert.equal(failures.length, 1);
});

test('nothing is done while something needed is unknown', async () => {
  const kernel = fakeKernel(SYSCTLS);
  const task = syncTask({
    backend,
    kernel,
    decide: () => undefined,
    addresses: () => '',
    endStaleFlows: () => assert.fail(),
    report: {
      synced: () => assert.fail(),
      unchanged: () => assert.fail(),
      failed: () => assert.fail(),
    },
    now: () => 0,
  });
  await task.sync(true, NEVER);
  assert.equal(kernel.asked.length, 0);
});

test('whatever fails on the way, once it heals the node is as after a clean run', async () => {
  const steps = fc.array(fc.array(arbitraryServicePort(), { maxLength: 15 }), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(steps, fc.integer({ min: 1, max: 2 ** 31 - 1 }), async (snapshots, seed) => {
      const kernel = fakeKernel(SYSCTLS);
      const faulty = faultyKernel(kernel, { probability: 0.5, seed });
      const { task, state } = harness(faulty, before);
      for (const ports of snapshots) {
        state.snapshot = snapshotOf(ports);
        await task.sync(false, NEVER).catch(() => undefined);
      }
      faulty.heal();
      await task.sync(false, NEVER);
      const clean = fakeKernel(SYSCTLS);
      await harness(clean, state.snapshot).task.sync(false, NEVER);
      assert.equal(kernel.dump(), clean.dump());
    }),
    { numRuns: 60 },
  );
});
