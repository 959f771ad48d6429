import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelError } from '../../../src/kernel/errors.ts';
import type { RunOperation } from '../../../src/plan/operation.ts';
import { RELAY } from '../../../src/plan/relayTable.ts';
import { applied } from '../../../src/sync/partialFailure.ts';
import { warnOfBridges, withRelay } from '../../../src/sync/relay.ts';
import { fakeKernel } from '../../support/fakeKernel.ts';
import { fakeRelay } from '../../support/fakeRelay.ts';

const SERVICE =
  'service a/b:c/TCP/4 balancing=random affinity=- limit=- proxy-protocol=- cluster=10.0.0.1:80 local=- ending=-';

function forRelay(stdin: string): RunOperation {
  return { kind: 'run', purpose: '', program: RELAY, args: [], stdin, linesStandAlone: true };
}

test('what a Plan has for the relay goes there, and its table is read back', async () => {
  const kernel = fakeKernel();
  const both = withRelay(kernel, fakeRelay());
  await both.apply(forRelay(`${SERVICE}\n`));
  assert.equal(await both.list(RELAY, ['table']), SERVICE);
  assert.deepEqual(kernel.asked, []);
});

test('everything else goes to the kernel', async () => {
  const kernel = fakeKernel({ 'net.a': '0' });
  const both = withRelay(kernel, fakeRelay());
  await both.apply({ kind: 'sysctl', purpose: '', name: 'net.a', value: '1' });
  assert.equal(await both.sysctl('net.a'), '1');
  assert.equal(await both.list('ipset', ['save']), '');
});

test('a line that the relay refuses is a refusal as a tool’s, and keeps no other out', async () => {
  const both = withRelay(fakeKernel(), fakeRelay());
  const refusals = await applied(both, forRelay(`nonsense\n${SERVICE}\n`));
  const [refusal] = refusals;
  assert.ok(refusal instanceof KernelError);
  assert.equal(refusal.kind, 'rejected');
  assert.match(refusal.message, /nonsense.*--dry-run/);
  assert.equal(await both.list(RELAY, ['table']), SERVICE);
});

const BRIDGES_SEEN = { 'net.bridge.bridge-nf-call-iptables': '1' };

/** What is logged for a node with these sysctls. */
async function warnings(
  bridgeProblem: string | undefined,
  bridgeNetfilter: 'keep' | 'off',
  sysctls: Readonly<Record<string, string>>,
): Promise<readonly unknown[]> {
  const warned: unknown[] = [];
  await warnOfBridges(
    { bridgeProblem },
    {
      config: { userspace: { bridgeNetfilter } },
      kernel: fakeKernel(sysctls),
      log: { warn: (message, fields) => warned.push([message, fields]) },
    },
  );
  return warned;
}

test('pods on a bridge are warned of where iptables sees them and the kernel allows no BPF', async () => {
  const [warned, ...others] = await warnings('bpf map: EPERM', 'keep', BRIDGES_SEEN);
  assert.match(JSON.stringify(warned), /--userspace-bridge-netfilter=off.*bpf map: EPERM/);
  assert.deepEqual(others, []);
  assert.deepEqual(await warnings(undefined, 'keep', BRIDGES_SEEN), []);
  assert.deepEqual(await warnings('EPERM', 'off', BRIDGES_SEEN), []);
  assert.deepEqual(await warnings('EPERM', 'keep', {}), []);
});
