/**
 * Pods on a bridge whose packets iptables sees: TPROXY's socket does not stay with them, so the
 * relay gets them by the kernel's look-up of a socket, and gets nothing else by it.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { startFairway } from '../lab/fairway.ts';
import type { FairwayProcess } from '../lab/fairway.ts';
import { openLab, whyNoLab } from '../lab/lab.ts';
import type { Lab } from '../lab/lab.ts';
import { uniquePrefix } from '../lab/namespaces.ts';
import { runInside } from '../lab/program.ts';
import { outcomeName } from '../lab/scenario/judge.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { gateways, memberNamed } from '../lab/topology.ts';
import type { TrafficProtocol } from '../lab/traffic/messages.ts';

/** A dual-stack Service with TCP 80 and 30080, UDP 53 and 30053, behind it pod1b and pod2a. */
const OBJECTS = readFileSync(
  new URL('../scenarios/node-port/objects.yaml', import.meta.url),
  'utf8',
);
const SERVICE = ['10.96.0.10', 'fd00:10:96::10'] as const;
const NODE = memberNamed('node1').addresses;
/** What is dialled is also what the relay dials: addresses of the node, and others that lead to it. */
const SAME_AS_DIALLED = [...NODE, '203.0.113.77', '2001:db8:113::77'];

/** On the bridge itself. */
const BRIDGE = gateways('node1');
const ENDPOINTS = ['pod1b', 'pod2a'];

/** Services whose external address is their endpoint's, too. */
function endpointsThemselves(): string {
  const objects = SAME_AS_DIALLED.flatMap((ip, index) => {
    const metadata = { namespace: 'default', name: `itself-${String(index)}` };
    const family = ip.includes(':') ? 'IPv6' : 'IPv4';
    const clusterIP = `${family === 'IPv6' ? 'fd00:10:96::' : '10.96.0.'}2${String(index)}`;
    const spec = { clusterIP, clusterIPs: [clusterIP], ipFamilies: [family], externalIPs: [ip] };
    const labels = { 'kubernetes.io/service-name': metadata.name };
    const slice = { addressType: family, endpoints: [{ addresses: [ip] }] };
    const port = { protocol: 'TCP', port: 8081 };
    return [
      { apiVersion: 'v1', kind: 'Service', metadata, spec: { ...spec, ports: [port] } },
      {
        ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', ...slice },
        ...{ metadata: { ...metadata, labels }, ports: [{ name: '', ...port }] },
      },
    ];
  });
  return objects.map((object) => `\n---\n${JSON.stringify(object)}\n`).join('');
}

interface OpenFile {
  readonly fd: number;
  /** As the kernel names it: `socket:[4711]`. */
  readonly target: string;
}

function descriptorsOf(pid: number): readonly OpenFile[] {
  const directory = `/proc/${String(pid)}/fd`;
  return readdirSync(directory).flatMap((fd) => {
    try {
      return [{ fd: Number(fd), target: readlinkSync(`${directory}/${fd}`) }];
    } catch {
      // Closed meanwhile.
      return [];
    }
  });
}

/** 192.0.0.9 and 192.0.0.8, as proc_net_tcp(5) has them. */
const [INSIDE, OUTSIDE] = ['090000C0', '080000C0'];

function inodesOfListeners(pid: number, address: string): ReadonlySet<string> {
  const lines = readFileSync(`/proc/${String(pid)}/net/tcp`, 'utf8').split('\n');
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return new Set(
    fields
      .filter(([, local, , state]) => local?.startsWith(address) === true && state === '0A')
      .map((each) => `socket:[${String(each[9])}]`),
  );
}

describe('pods on a bridge that iptables sees', { skip: whyNoLab() }, () => {
  let lab: Lab;
  let agent: FairwayProcess | undefined;

  async function start(...flags: readonly string[]): Promise<void> {
    await agent?.stop();
    agent = await startFairway(lab, {
      ...{ node: 'node1', variant: 'nft', objects: OBJECTS },
      flags: ['--proxy-mode=userspace', '--cluster-cidr=10.244.0.0/16,fd00:10:244::/48', ...flags],
    });
  }

  before(async () => {
    lab = await openLab(uniquePrefix('bridge'));
    await start();
  });
  after(async () => {
    await agent?.stop();
    lab.close();
  });

  /** Who answers a pod of node1, or what else becomes of what it sends. */
  async function answering(
    protocol: TrafficProtocol,
    address: string,
    port: number,
  ): Promise<readonly string[]> {
    const ask = { protocol, to: { address, port }, times: 12, timeoutMs: 5000 * SLOWNESS };
    const outcomes = await lab.speaker('pod1a').dial(ask);
    return [...new Set(outcomes.map(outcomeName))].sort();
  }

  async function listenOnNode(protocol: TrafficProtocol, port: number): Promise<void> {
    const addresses = [...NODE, ...BRIDGE];
    const at = addresses.map((address) => ({ address, port }));
    await lab.speaker('node1').listen(protocol, at);
  }

  for (const [index, family] of ['IPv4', 'IPv6'].entries()) {
    const [service = '', node = '', bridge = ''] = [SERVICE, NODE, BRIDGE].map((all) => all[index]);

    test(`reach a Service by its address and by the node's, ${family}`, async () => {
      assert.deepEqual(await answering('TCP', service, 80), ENDPOINTS);
      assert.deepEqual(await answering('UDP', service, 53), ENDPOINTS);
      for (const address of [node, bridge]) {
        assert.deepEqual(await answering('TCP', address, 30_080), ENDPOINTS);
        assert.deepEqual(await answering('UDP', address, 30_053), ENDPOINTS);
      }
    });

    test(`reach what the node itself serves at the same port or address, ${family}`, async () => {
      await listenOnNode('TCP', 80);
      await listenOnNode('UDP', 53);
      for (const address of [node, bridge]) {
        assert.deepEqual(await answering('TCP', address, 80), ['node1']);
        assert.deepEqual(await answering('UDP', address, 53), ['node1']);
        assert.deepEqual(await answering('TCP', address, 9090), ['node1']);
        assert.deepEqual(await answering('TCP', address, 30_081), ['refused']);
      }
      assert.deepEqual(await answering('TCP', service, 81), ['refused']);
      assert.deepEqual(await answering('TCP', service, 9090), ['refused']);
      // The other protocol's port.
      assert.deepEqual(await answering('TCP', node, 30_053), ['refused']);
    });
  }

  test('reach an endpoint at the address that they dialled, and the relay not itself', async () => {
    await agent?.putObjects(OBJECTS + endpointsThemselves());
    for (const address of SAME_AS_DIALLED) {
      const name = NODE.includes(address) ? 'node1' : address;
      assert.deepEqual(await answering('TCP', address, 8081), [name]);
    }
  });

  test('reach no NodePort but at the addresses of --nodeport-addresses', async () => {
    await start('--nodeport-addresses=192.0.2.0/24');
    assert.deepEqual(await answering('TCP', NODE[0], 30_080), ENDPOINTS);
    assert.deepEqual(await answering('UDP', NODE[0], 30_053), ENDPOINTS);
    assert.deepEqual(await answering('TCP', BRIDGE[0], 30_080), ['refused']);
    assert.deepEqual(await answering('TCP', NODE[1], 30_080), ['refused']);
    await lab.speaker('node1').listen('UDP', [{ address: BRIDGE[0], port: 30_053 }]);
    assert.deepEqual(await answering('UDP', BRIDGE[0], 30_053), ['node1']);
  });

  test('are refused by no process that is being killed: what leads to its listeners ends last', () => {
    const descriptors = descriptorsOf(agent?.pid ?? 0);
    const [lookup = NaN, ...more] = descriptors
      .filter(({ target }) => target === 'anon_inode:bpf_link')
      .map(({ fd }) => fd);
    assert.deepEqual(more, []);
    const listening = (address: string): readonly number[] => {
      const inodes = inodesOfListeners(agent?.pid ?? 0, address);
      return descriptors.filter(({ target }) => inodes.has(target)).map(({ fd }) => fd);
    };
    const [inside, outside] = [listening(INSIDE), listening(OUTSIDE)];
    assert.ok(inside.length > 0 && inside.length === outside.length);
    // The kernel closes the highest first.
    assert.ok(lookup < Math.min(...inside), `${String(lookup)} is not below ${String(inside)}`);
    assert.ok(Math.max(...inside) < Math.min(...outside));
  });

  test('all that with bridge netfilter on, and nothing of it stays', async () => {
    const node = lab.namespace('node1');
    const sysctl = await runInside(node, ['sysctl', '-n', 'net.bridge.bridge-nf-call-iptables']);
    assert.equal(sysctl, '1');
    await agent?.stop();
    agent = undefined;
    // TPROXY drops what nobody listens for; without rules, nobody would be found.
    await runInside(node, ['iptables-nft', '-t', 'mangle', '-F', 'PREROUTING']);
    assert.deepEqual(await answering('TCP', SERVICE[0], 80), ['refused']);
  });
});
