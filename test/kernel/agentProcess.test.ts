/** The agent as a process: killed at any instant, started again, and its clean-up. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { SLOWNESS } from '../lab/slowness.ts';
import { testNamespace } from '../support/namespaceKernel.ts';
import type { TestNamespace } from '../support/namespaceKernel.ts';
import {
  COMMAND,
  directory,
  end,
  killAll,
  MODE,
  removeDirectory,
  rulesIn,
  start,
} from './agentProcess/start.ts';

const namespace = testNamespace('process');
const other = testNamespace('process-fresh');

afterEach(killAll);
after(() => {
  namespace.remove();
  other.remove();
  removeDirectory();
});

/** Where a start takes long there are fewer; every run has others. */
const KILLS = SLOWNESS > 1 ? 3 : 6;

interface Exposed {
  readonly spec?: object;
  readonly status?: object;
}

/** Policy Local, which in ipvs mode takes marks and virtual servers of its own. */
function localLoadBalancer(ip: string): Exposed {
  return {
    spec: { type: 'LoadBalancer', externalTrafficPolicy: 'Local' },
    status: { loadBalancer: { ingress: [{ ip }] } },
  };
}

/** Some Services, other ones for another `round`. */
function writeServices(round: number): void {
  const services = Array.from({ length: 60 }, (_, n) => {
    const metadata = { name: `s${String(n)}`, namespace: 'default', uid: `u${String(n)}` };
    const [port, nodePort] = [80 + ((round + n) % 7), 30_000 + n];
    const clusterIP = `10.96.${String(n % 9)}.${String(n + 1)}`;
    const ports = [{ port, nodePort, protocol: 'TCP' }];
    const type = n % 3 === 0 ? 'NodePort' : 'ClusterIP';
    const exposed = n % 15 === 0 ? localLoadBalancer(`203.0.113.${String(n + 1)}`) : {};
    const spec = { type, clusterIP, clusterIPs: [clusterIP], ports, ...exposed.spec };
    return { apiVersion: 'v1', kind: 'Service', metadata, spec, status: exposed.status };
  });
  const slices = services.map(({ metadata: { name } }, n) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: [{ name: '', port: 8080, protocol: 'TCP' }],
    endpoints: [{ addresses: [`10.244.${String(round % 200)}.${String(n + 1)}`] }],
  }));
  const list = { apiVersion: 'v1', kind: 'List', items: [...services, ...slices] };
  writeFileSync(join(directory, 'objects.json'), JSON.stringify(list));
}

/** What only one of two namespaces has. */
async function difference(one: TestNamespace, another: TestNamespace): Promise<readonly string[]> {
  const [ours, theirs] = [await rulesIn(one), await rulesIn(another)].map((rules) =>
    rules.split('\n'),
  ) as [string[], string[]];
  if (ours.join('\n') === theirs.join('\n')) return [];
  return [
    ...ours.filter((line) => !theirs.includes(line)).map((line) => `only here: ${line}`),
    ...theirs.filter((line) => !ours.includes(line)).map((line) => `missing: ${line}`),
    'in this order or number',
  ];
}

/** At once; but in ipvs mode an endpoint that is gone loses its weight, and goes with a later sync. */
async function untilSame(one: TestNamespace, another: TestNamespace): Promise<void> {
  const deadline = performance.now() + 60_000 * SLOWNESS;
  for (;;) {
    const found = await difference(one, another);
    if (found.length === 0) return;
    if (MODE !== 'ipvs' || performance.now() > deadline) assert.deepEqual(found, []);
    await wait(500 * SLOWNESS);
  }
}

test('a restart with the right rules in place writes nothing', async () => {
  writeServices(0);
  const first = start(namespace);
  assert.ok((await first.synced()).operations > 0);
  await end(first.child, 'SIGTERM');
  const second = start(namespace);
  assert.equal((await second.synced()).operations, 0);
  await end(second.child, 'SIGTERM');
});

test('killed at random instants under churn, the next start leaves what a fresh one leaves', async () => {
  for (let round = 1; round <= KILLS; round += 1) {
    const { child, synced } = start(namespace);
    if (round % 2 === 0) await synced();
    writeServices(round);
    // Somewhere between the start, the reading, the writing and the next change.
    await wait(Math.random() * 700 * SLOWNESS);
    await end(child, 'SIGKILL');
  }
  const last = start(namespace);
  await last.synced();
  const fresh = start(other);
  await fresh.synced();
  await untilSame(namespace, other);
  await end(last.child, 'SIGTERM');
  await end(fresh.child, 'SIGTERM');
});

async function cleanUp(where: TestNamespace): Promise<{ code: unknown; said: string }> {
  const args = ['netns', 'exec', where.name, ...COMMAND, '--cleanup'];
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  return { code, said };
}

test('--cleanup leaves nothing and says so', async () => {
  assert.match(await rulesIn(other), /KUBE/);
  const { code, said } = await cleanUp(other);
  assert.equal(code, 0, said);
  assert.doesNotMatch(await rulesIn(other), /KUBE/);
  assert.equal(await other.kernel.sysctl('net.ipv4.conf.all.route_localnet'), '0');
});

test('--cleanup fails and names what a foreign rule holds', async () => {
  await namespace.run('iptables-nft', ['-t', 'nat', '-N', 'FOREIGN']);
  await namespace.run('iptables-nft', ['-t', 'nat', '-A', 'FOREIGN', '-j', 'KUBE-MARK-MASQ']);
  const { code, said } = await cleanUp(namespace);
  assert.equal(code, 1);
  assert.match(said, /still there: .*nat\/chain\/KUBE-MARK-MASQ/);
});
