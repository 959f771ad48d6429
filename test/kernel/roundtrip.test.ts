/** What the agent writes is what the kernel's tools print back, whatever the Services. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Installed } from '../../src/backends/backend.ts';
import { iptablesBackend } from '../../src/backends/iptables/index.ts';
import type { Snapshot } from '../../src/model/types.ts';
import { printPlan } from '../../src/plan/print.ts';
import { sortedMap } from '../../src/sorted/sortedMap.ts';
import { testNamespace } from '../support/namespaceKernel.ts';
import type { TestNamespace } from '../support/namespaceKernel.ts';
import { arbitraryServicePort, POLICY, snapshotOf } from '../support/servicePorts.ts';

const NOTHING: Installed = sortedMap();
const SNAPSHOTS = 12;

const POLICIES = [
  POLICY,
  { ...POLICY, masqueradeAll: true, localDetector: { kind: 'none' as const } },
  { ...POLICY, localDetector: { kind: 'bridge' as const, interface: 'cbr0' } },
  { ...POLICY, localDetector: { kind: 'interfacePrefix' as const, prefix: 'veth' } },
  { ...POLICY, localhostNodePorts: false, dropInvalid: false },
];

function randomSnapshots(): readonly Snapshot[] {
  const ports = fc.array(arbitraryServicePort(), { minLength: 5, maxLength: 60 });
  return fc
    .sample(ports, SNAPSHOTS)
    .map((some, index) => snapshotOf(some, { policy: POLICIES[Math.floor(index / 3)] ?? POLICY }));
}

function backendOf(variant: string) {
  return iptablesBackend({
    families: [4, 6],
    names: {
      4: { restore: `iptables-${variant}-restore`, save: `iptables-${variant}-save` },
      6: { restore: `ip6tables-${variant}-restore`, save: `ip6tables-${variant}-save` },
    },
  });
}

/** Rules, sets and the sysctl, without counters and dates. */
async function stateOf(namespace: TestNamespace, variant: string): Promise<string> {
  const parts = [
    await namespace.run(`iptables-${variant}-save`, []),
    await namespace.run(`ip6tables-${variant}-save`, []),
    (await namespace.run('ipset', ['list', '-terse'])).replace(/ initval \S+/g, ''),
    await namespace.run('sysctl', ['net.ipv4.conf.all.route_localnet']),
  ];
  return parts
    .join('\n')
    .replace(/^#.*\n/gm, '')
    .replace(/\[\d+:\d+\]/g, '');
}

for (const variant of ['nft', 'legacy']) {
  describe(`iptables, ${variant} variant`, () => {
    const backend = backendOf(variant);
    const agent = testNamespace(`${variant}-agent`);
    const fresh = testNamespace(`${variant}-fresh`);
    const byHand = testNamespace(`${variant}-hand`);
    after(() => {
      agent.remove();
      fresh.remove();
      byHand.remove();
    });

    async function apply(installed: Installed, desired: Installed): Promise<void> {
      const { operations } = backend.plan(installed, desired);
      for (const operation of operations) await agent.kernel.apply(operation);
    }

    test(`${String(SNAPSHOTS)} random changes leave what was wanted, read back to the letter`, async () => {
      let last = backend.render(snapshotOf([]));
      await apply(await backend.read(agent.kernel), last.rules);
      for (const snapshot of randomSnapshots()) {
        const next = backend.render(snapshot, last);
        await apply(last.rules, next.rules);
        const again = backend.plan(await backend.read(agent.kernel), next.rules);
        assert.deepEqual(again.operations, []);
        last = next;
      }
    });

    test('foreign chains and rules stay; clean-up removes the rest', async () => {
      await agent.run(`iptables-${variant}-restore`, ['--noflush'], FOREIGN);
      await apply(await backend.read(agent.kernel), NOTHING);
      const left = await stateOf(agent, variant);
      assert.doesNotMatch(left, /KUBE-(?!MARK-MASQ|KUBELET-CANARY)/);
      assert.match(left, /-A FOREIGN -j KUBE-MARK-MASQ/);
      assert.match(left, /:KUBE-KUBELET-CANARY/);
      assert.match(left, /route_localnet = 0/);
    });

    test('the dry run, run by hand in an empty namespace, leaves what the agent leaves', async () => {
      const { rules } = backend.render(randomSnapshots()[0] ?? snapshotOf([]));
      const { operations } = backend.plan(await backend.read(fresh.kernel), rules);
      for (const operation of operations) await fresh.kernel.apply(operation);
      // Listing creates the legacy variant's tables.
      await backend.read(byHand.kernel);
      await byHand.run('sh', [], printPlan(backend.plan(NOTHING, rules)));
      assert.equal(await stateOf(byHand, variant), await stateOf(fresh, variant));
    });
  });
}

const FOREIGN = `*nat
:FOREIGN - [0:0]
-A FOREIGN -j KUBE-MARK-MASQ
-A PREROUTING -j FOREIGN
COMMIT
*mangle
:KUBE-KUBELET-CANARY - [0:0]
COMMIT
`;
