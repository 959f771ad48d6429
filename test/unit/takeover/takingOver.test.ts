import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Backend, Installed } from '../../../src/backends/backend.ts';
import { iptablesBackend } from '../../../src/backends/iptables/index.ts';
import { ipvsBackend } from '../../../src/backends/ipvs/index.ts';
import { userspaceBackend } from '../../../src/backends/userspace/index.ts';
import type { Snapshot } from '../../../src/model/types.ts';
import type { Operation } from '../../../src/plan/operation.ts';
import { edit } from '../../../src/sorted/sortedMap.ts';
import { takingOver } from '../../../src/takeover/index.ts';
import { fakeNode } from '../../support/fakeNode.ts';
import type { FakeNode } from '../../support/fakeNode.ts';
import { POLICY, servicePort, snapshotOf } from '../../support/servicePorts.ts';

const programs = {
  families: [4, 6],
  names: {
    4: { restore: 'iptables-restore', save: 'iptables-save' },
    6: { restore: 'ip6tables-restore', save: 'ip6tables-save' },
  },
} as const;
const drain = { drainTimeout: 60_000, now: () => 0 };

const iptables = takingOver(iptablesBackend(programs), {
  ...{ programs, relayPort: undefined },
  ...drain,
});
const ipvs = takingOver(ipvsBackend({ programs, excludeCIDRs: [], ...drain }), {
  ...{ programs, relayPort: undefined },
  ...drain,
});
const userspace = takingOver(userspaceBackend({ programs, relayPort: 10_200 }), {
  ...{ programs, relayPort: 10_200 },
  ...drain,
});

const IPVS: Snapshot = snapshotOf([servicePort()], {
  policy: {
    ...POLICY,
    ipvs: {
      ...{ scheduler: 'rr', available: undefined, strictARP: false },
      timeouts: { tcp: 0, tcpFin: 0, udp: 0 },
    },
  },
});
const USERSPACE: Snapshot = snapshotOf([servicePort()], {
  policy: {
    ...POLICY,
    userspace: {
      ...{ balancing: 'round-robin', withoutBridgeNetfilter: false },
      ...{ strictARP: false, keepsClientAddress: false },
    },
  },
});

async function apply(node: FakeNode, operations: readonly Operation[]): Promise<void> {
  for (const operation of operations) await node.apply(operation);
}

/** A node on which this mode has done its first sync. */
async function nodeIn(backend: Backend, snapshot: Snapshot): Promise<FakeNode> {
  const node = fakeNode();
  const { rules } = backend.render(snapshot);
  await apply(node, backend.plan(await backend.read(node.reader), rules).operations);
  return node;
}

/** As if each virtual server had connections. */
function busy(installed: Installed): Installed {
  return edit(installed, (target) => {
    for (const [key, text] of installed.entries()) {
      if (key.includes('/ipvs/server/')) target.set(key, text.replace('idle', 'busy'));
    }
  });
}

test('conntrack knows of connections through IPVS before there can be one', async () => {
  const node = await nodeIn(iptables, snapshotOf([servicePort()]));
  // As the kernel has it once ip_vs is loaded.
  const name = 'net.ipv4.vs.conntrack';
  await node.apply({ kind: 'sysctl', purpose: '', name, value: '0' });
  const { operations } = ipvs.plan(await ipvs.read(node.reader), ipvs.render(IPVS).rules);
  const at = (isMeant: (operation: Operation) => boolean): number => operations.findIndex(isMeant);
  const conntrack = at(
    (each) => each.kind === 'sysctl' && each.name === name && each.value === '1',
  );
  const servers = at((each) => each.kind === 'run' && each.stdin?.includes('-A -t ') === true);
  assert.ok(conntrack >= 0 && conntrack < servers, `${String(conntrack)}, ${String(servers)}`);
});

test('while virtual servers drain, a sync has nothing to do and moves no flows', async () => {
  const node = await nodeIn(ipvs, IPVS);
  const { rules } = userspace.render(USERSPACE);
  const first = userspace.plan(busy(await userspace.read(node.reader)), rules);
  assert.equal(first.movesFlows, true);
  await apply(node, first.operations);
  assert.match(
    await node.dump(),
    /-A KUBE-SWITCH -p tcp .* -j DNAT --to-destination 192\.0\.0\.9:/,
  );
  assert.match(await node.dump(), /TCP {2}10\.96\.0\.10:80/);

  const second = userspace.plan(busy(await userspace.read(node.reader)), rules);
  assert.deepEqual(second.operations, []);
  assert.equal(second.movesFlows, undefined);

  // The last connection has ended.
  await apply(node, userspace.plan(await userspace.read(node.reader), rules).operations);
  assert.doesNotMatch(await node.dump(), /KUBE-SWITCH|TCP {2}10\.96|KUBE-VIP-OURS/);
});
