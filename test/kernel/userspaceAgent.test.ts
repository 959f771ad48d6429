/** Agents in userspace mode on a node of the lab: one follows another while a client dials on. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startFairway } from '../lab/fairway.ts';
import type { Fairway } from '../lab/fairway.ts';
import { openLab, whyNoLab } from '../lab/lab.ts';
import type { Lab } from '../lab/lab.ts';
import { uniquePrefix } from '../lab/namespaces.ts';
import { runInside } from '../lab/program.ts';
import { outcomeName } from '../lab/scenario/judge.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { memberNamed } from '../lab/topology.ts';

const VIP = '10.96.0.10';

/** A Service with these endpoints behind it, and more in its spec. */
function webWith(endpoints: readonly string[], more: object = {}): string {
  const metadata = { namespace: 'default', name: 'web' };
  const labels = { 'kubernetes.io/service-name': 'web' };
  const ports = [{ protocol: 'TCP', port: 80 }];
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { clusterIP: VIP, clusterIPs: [VIP], ports, ...more },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels },
      addressType: 'IPv4',
      ports: [{ name: '', protocol: 'TCP', port: 8080 }],
      endpoints: endpoints.map((address) => ({ addresses: [address] })),
    },
  ]
    .map((object) => `\n---\n${JSON.stringify(object)}\n`)
    .join('');
}

/** What runs when an agent is stopped may end. */
const FLAGS = [
  '--proxy-mode=userspace',
  '--cluster-cidr=10.244.0.0/16',
  '--userspace-drain-timeout=5s',
];

const WEB = webWith(['10.244.1.11', '10.244.2.11']);

describe('agents in userspace mode', { skip: whyNoLab() }, () => {
  let lab: Lab;
  const running: Fairway[] = [];

  before(async () => {
    lab = await openLab(uniquePrefix('us'));
  });
  after(async () => {
    for (const agent of running) await agent.stop();
    lab.close();
  });

  async function start(...flags: readonly string[]): Promise<Fairway> {
    const agent = await startFairway(lab, {
      ...{ node: 'node1', variant: 'nft', objects: WEB },
      flags: [...FLAGS, ...flags],
    });
    running.push(agent);
    return agent;
  }

  /**
   * What becomes of connections of a client outside and of a pod on the bridge while something
   * happens; they dial until that is over.
   */
  async function dialledDuring(happening: () => Promise<void>): Promise<ReadonlySet<string>> {
    const names = new Set<string>();
    const over = new AbortController();
    async function dial(member: string): Promise<void> {
      while (!over.signal.aborted) {
        const outcomes = await lab.speaker(member).dial({
          ...{ protocol: 'TCP', to: { address: VIP, port: 80 }, times: 50 },
          // A SYN that nobody took is sent again after 1, 2 and 4 seconds.
          timeoutMs: 20_000 * SLOWNESS,
        });
        for (const outcome of outcomes) names.add(outcomeName(outcome));
      }
    }
    const dialling = Promise.all(['client', 'pod1b'].map(dial));
    try {
      await happening();
    } finally {
      over.abort();
      await dialling;
    }
    return names;
  }

  async function relayPort(): Promise<string> {
    const rules = await runInside(lab.namespace('node1'), ['iptables-nft-save', '-t', 'mangle']);
    return [...new Set(Array.from(rules.matchAll(/--on-port (\d+)/g), ([, port]) => port))].join();
  }

  const BESIDE = ['--healthz-bind-address=', '--metrics-bind-address='];

  test('a second agent takes over beside the first, and no connection fails', async () => {
    const first = await start();
    assert.equal(await relayPort(), '10200');
    const names = await dialledDuring(async () => {
      await start(...BESIDE);
      await first.stop();
    });
    assert.deepEqual([...names].sort(), ['pod1a', 'pod2a']);
    assert.equal(await relayPort(), '10201');
  });

  test('a restart costs a delay, and no connection fails', async () => {
    const names = await dialledDuring(async () => {
      await running.at(-1)?.stop();
      await start();
      await running.at(-1)?.stop();
      await start();
    });
    assert.deepEqual([...names].sort(), ['pod1a', 'pod2a']);
  });

  test('an endpoint that goes gets no further connection', async () => {
    await running.at(-1)?.putObjects(webWith(['10.244.2.11']));
    const names = await dialledDuring(() => wait(100));
    assert.deepEqual([...names], ['pod2a']);
  });

  test('an endpoint at the very address that was dialled is reached, not the relay once more', async () => {
    const [address] = memberNamed('node1').addresses;
    const ports = [{ protocol: 'TCP', port: 8080 }];
    await running.at(-1)?.putObjects(webWith([address], { externalIPs: [address], ports }));
    for (const from of ['client', 'pod1b', 'node1']) {
      const outcomes = await lab.speaker(from).dial({
        ...{ protocol: 'TCP', to: { address, port: 8080 }, times: 5 },
        timeoutMs: 3000 * SLOWNESS,
      });
      assert.deepEqual([...new Set(outcomes.map(outcomeName))], ['node1'], from);
    }
  });

  test('--cleanup leaves nothing, and bridge netfilter as it was', async () => {
    const node = lab.namespace('node1');
    const sysctl = ['sysctl', '-n', 'net.bridge.bridge-nf-call-iptables'];
    await running.at(-1)?.stop();
    await start('--userspace-bridge-netfilter=off');
    assert.equal(await runInside(node, sysctl), '0');
    await running.at(-1)?.stop();
    await runInside(node, [process.execPath, 'src/main.ts', '--cleanup']);
    const left = [
      await runInside(node, ['iptables-nft-save']),
      await runInside(node, ['ip6tables-nft-save']),
      await runInside(node, ['ipset', 'list', '-name']),
      await runInside(node, ['ip', 'route', 'show', 'table', 'local', 'proto', '142']),
    ];
    assert.doesNotMatch(left.join(''), /KUBE|10\.96/);
    assert.equal(await runInside(node, sysctl), '1');
  });
});
