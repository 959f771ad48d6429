/** What ipvs mode writes is what the kernel's tools print back, whatever the Services. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Installed } from '../../src/backends/backend.ts';
import { ipvsBackend } from '../../src/backends/ipvs/index.ts';
import { KernelError } from '../../src/kernel/errors.ts';
import { linuxKernel } from '../../src/kernel/linux.ts';
import type { Snapshot } from '../../src/model/types.ts';
import { printPlan } from '../../src/plan/print.ts';
import { sortedMap } from '../../src/sorted/sortedMap.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { testNamespace } from '../support/namespaceKernel.ts';
import type { TestNamespace } from '../support/namespaceKernel.ts';
import {
  arbitraryServicePort,
  destination,
  endpoint,
  POLICY,
  servicePort,
  snapshotOf,
} from '../support/servicePorts.ts';

const NOTHING: Installed = sortedMap();
/** An emulated machine takes half a second and more for each. */
const ROUNDS = SLOWNESS > 1 ? 60 : 300;

const policy = {
  ...POLICY,
  ipvs: {
    scheduler: 'rr',
    available: undefined,
    strictARP: false,
    timeouts: { tcp: 0, tcpFin: 0, udp: 0 },
  },
} as const;

const backend = ipvsBackend({
  programs: {
    families: [4, 6],
    names: {
      4: { restore: 'iptables-nft-restore', save: 'iptables-nft-save' },
      6: { restore: 'ip6tables-nft-restore', save: 'ip6tables-nft-save' },
    },
  },
  excludeCIDRs: [],
  drainTimeout: 0,
  now: () => 0,
});

/** Each differs from the one before in one or two ServicePorts, which come, go or change. */
function randomWalk(rounds: number): readonly Snapshot[] {
  const pool = fc.sample(arbitraryServicePort(), 60);
  const present = new Map(pool.slice(0, 10).map((port) => [port.key, port]));
  const picks = fc.sample(fc.integer({ min: 0, max: pool.length - 1 }), rounds);
  return picks.map((pick) => {
    const port = pool[pick];
    if (port !== undefined && present.get(port.key) === port) present.delete(port.key);
    else if (port !== undefined) present.set(port.key, port);
    return snapshotOf([...present.values()], { policy });
  });
}

async function stateOf(namespace: TestNamespace): Promise<string> {
  const parts = [
    await namespace.run('iptables-nft-save', []),
    await namespace.run('ip6tables-nft-save', []),
    (await namespace.run('ipset', ['save'])).replace(/ (?:hashsize|bucketsize|initval) \S+/g, ''),
    await namespace.run('ipvsadm', ['-Sn']),
    await namespace.run('ip', ['-4', 'route', 'show', 'table', 'local', 'proto', '142']),
    await namespace.run('ip', ['-6', 'route', 'show', 'table', 'local', 'proto', '142']),
  ];
  const text = parts
    .join('\n')
    .replace(/^#.*\n/gm, '')
    .replace(/\[\d+:\d+\]/g, '');
  // Sets and virtual servers are listed in the order of hashes.
  return text.split('\n').sort().join('\n');
}

describe('ipvs', () => {
  const agent = testNamespace('ipvs-agent');
  const fresh = testNamespace('ipvs-fresh');
  const byHand = testNamespace('ipvs-hand');
  after(() => {
    agent.remove();
    fresh.remove();
    byHand.remove();
  });

  async function apply(
    where: TestNamespace,
    installed: Installed,
    desired: Installed,
  ): Promise<Installed> {
    const { operations, reached } = backend.plan(installed, desired);
    for (const operation of operations) await where.kernel.apply(operation);
    return reached;
  }

  test(`${String(ROUNDS)} rounds of changes end where a fresh start does`, async () => {
    await agent.run('ipvsadm', ['-A', '-t', '198.51.100.9:80', '-s', 'wlc']);
    let installed = await backend.read(agent.kernel);
    let last: ReturnType<typeof backend.render> | undefined;
    for (const [round, snapshot] of randomWalk(ROUNDS).entries()) {
      last = backend.render(snapshot, last);
      installed = await apply(agent, installed, last.rules);
      if (round % 20 === 19) {
        // Idle ones that ended in the meantime go now, and nothing else differs.
        installed = await apply(agent, await backend.read(agent.kernel), last.rules);
        const again = backend.plan(await backend.read(agent.kernel), last.rules);
        assert.deepEqual(again.operations, []);
      }
    }
    assert.ok(last);
    await apply(fresh, await backend.read(fresh.kernel), last.rules);
    await fresh.run('ipvsadm', ['-A', '-t', '198.51.100.9:80', '-s', 'wlc']);
    assert.equal(await stateOf(agent), await stateOf(fresh));
  });

  test('the dry run, run by hand in an empty namespace, leaves what the agent leaves', async () => {
    const { rules } = backend.render(randomWalk(1)[0] ?? snapshotOf([], { policy }));
    await byHand.run('sh', ['-e'], printPlan(backend.plan(NOTHING, rules)));
    const again = backend.plan(await backend.read(byHand.kernel), rules);
    assert.deepEqual(again.operations, []);
  });

  test('clean-up leaves the virtual servers of others, and nothing of ours', async () => {
    await apply(agent, await backend.read(agent.kernel), NOTHING);
    const left = await stateOf(agent);
    assert.doesNotMatch(left, /KUBE|proto 142/);
    assert.match(left, /-A -t 198\.51\.100\.9:80 -s wlc/);
  });

  test("another's virtual server at a Service's address stays, and ours is refused", async () => {
    const where = testNamespace('ipvs-foreign');
    try {
      await where.run('ipvsadm', ['-A', '-t', '10.96.0.10:80', '-s', 'wlc']);
      const port = servicePort({
        destinations: [destination('ClusterIP', '10.96.0.10')],
        clusterEndpoints: [endpoint('10.244.1.2')],
      });
      const { rules } = backend.render(snapshotOf([port], { policy }));
      const plan = backend.plan(await backend.read(where.kernel), rules);
      // The refusal is the tool's; what counts is what became of the rest.
      for (const operation of plan.operations) {
        await where.kernel.apply(operation).catch(() => undefined);
      }
      const left = backend.plan(await backend.read(where.kernel), rules).operations;
      const inputs = left.map((each) => (each.kind === 'run' ? each.stdin : each.name));
      assert.deepEqual(inputs, ['-A -t 10.96.0.10:80 -s rr\n']);
      const list = await where.run('ipvsadm', ['-Sn']);
      assert.match(list, /^-A -t 10\.96\.0\.10:80 -s wlc$/m);
      assert.doesNotMatch(list, /-r 10\.244/);
    } finally {
      where.remove();
    }
  });

  test('what ipvsadm refuses is an error although it ends with 0', async () => {
    const line = '-A -t 10.96.0.10:80 -s nosuch\n-A -t 10.96.0.11:80 -s rr\n';
    const operation = {
      kind: 'run',
      purpose: '',
      program: 'ipvsadm',
      args: ['--restore'],
      stdin: line,
    } as const;
    const kernel = linuxKernel();
    await assert.rejects(kernel.apply(operation), KernelError);
    const list = await kernel.list('ipvsadm', ['-Sn']);
    assert.match(list, /10\.96\.0\.11:80/);
    await kernel.apply({ ...operation, stdin: '-D -t 10.96.0.11:80\n' });
  });
});
