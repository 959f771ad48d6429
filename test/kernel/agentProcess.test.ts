/** The agent as a process: killed at any instant, started again, and its clean-up. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { SLOWNESS } from '../lab/slowness.ts';
import { testNamespace } from '../support/namespaceKernel.ts';
import type { TestNamespace } from '../support/namespaceKernel.ts';

const directory = mkdtempSync(join(tmpdir(), 'fairway-process-'));
const namespace = testNamespace('process');
const other = testNamespace('process-fresh');
const children: ChildProcess[] = [];
// Of a test that failed; they would stand in the way of the next, and keep this process alive.
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
after(() => {
  namespace.remove();
  other.remove();
  rmSync(directory, { recursive: true });
});

/** In the machine that has ip_vs, the same holds in ipvs mode. */
const MODE = process.env['FAIRWAY_LAB_MODES'] === 'ipvs' ? 'ipvs' : 'iptables';
const COMMAND = [process.execPath, 'src/main.ts', '--iptables-variant=nft', `--proxy-mode=${MODE}`];
const SOURCE = [`--manifests=${directory}`, '--hostname-override=node1', '--logging-format=json'];
const FAST = [`--${MODE}-min-sync-period=0s`];

/** Where a start takes long there are fewer; every run has others. */
const KILLS = SLOWNESS > 1 ? 3 : 6;

interface Synced {
  readonly operations: number;
  readonly full: boolean;
}

interface Running {
  readonly child: ChildProcess;
  /** The next line of its log with this text. */
  line(text: string): Promise<string>;
  /** The next line `synced`. */
  synced(): Promise<Synced>;
}

function start(where: TestNamespace): Running {
  const args = ['netns', 'exec', where.name, ...COMMAND, ...SOURCE, ...FAST];
  const child = spawn('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  children.push(child);
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log += chunk.toString();
    child.emit('logged');
  });
  async function line(text: string): Promise<string> {
    const signal = AbortSignal.timeout(15_000 * SLOWNESS);
    for (;;) {
      const found = log.split('\n').find((each) => each.includes(text));
      if (found !== undefined) {
        log = log.slice(log.indexOf(found) + found.length);
        return found;
      }
      await once(child, 'logged', { signal }).catch((cause: unknown) => {
        throw new Error(`the agent logged no further ${text}:\n${log}`, { cause });
      });
    }
  }
  return { child, line, synced: async () => JSON.parse(await line('"synced"')) as Synced };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  // One that has ended by itself would be waited for without end.
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Some Services, other ones for another `round`. */
function writeServices(round: number): void {
  const services = Array.from({ length: 60 }, (_, n) => {
    const metadata = { name: `s${String(n)}`, namespace: 'default', uid: `u${String(n)}` };
    const [port, nodePort] = [80 + ((round + n) % 7), 30_000 + n];
    const clusterIP = `10.96.${String(n % 9)}.${String(n + 1)}`;
    const ports = [{ port, nodePort, protocol: 'TCP' }];
    const type = n % 3 === 0 ? 'NodePort' : 'ClusterIP';
    const spec = { type, clusterIP, clusterIPs: [clusterIP], ports };
    return { apiVersion: 'v1', kind: 'Service', metadata, spec };
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

/** Sets, virtual servers and routes; the first two are listed in the order of hashes. */
async function ipvsIn(where: TestNamespace): Promise<readonly string[]> {
  const listed = [
    (await where.run('ipset', ['save'])).replace(/ (?:hashsize|bucketsize|initval) \S+/g, ''),
    await where.run('ipvsadm', ['-Sn']),
    await where.run('ip', ['route', 'show', 'table', 'local', 'proto', '142']),
  ];
  return listed.map((each) => `${each.trimEnd().split('\n').sort().join('\n')}\n`);
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

async function rulesIn(where: TestNamespace): Promise<string> {
  const saved = [
    await where.run('iptables-nft-save', []),
    await where.run('ip6tables-nft-save', []),
    ...(MODE === 'ipvs' ? await ipvsIn(where) : []),
  ].join('');
  return saved.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '');
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

/** Status and weight header of a health check node port, asked inside the namespace. */
async function healthOf(where: TestNamespace, port: number, path = '/any'): Promise<string> {
  const code = `const answer = await fetch('http://127.0.0.1:${String(port)}${path}');
    // As text: numbers are coloured where the output is a terminal.
    console.log(String(answer.status) + ' ' + answer.headers.get('x-load-balancing-endpoint-weight'));`;
  const args = ['--input-type=module', '-e', code];
  return (await where.run(process.execPath, args)).trim();
}

function writeLoadBalancer(endpoints: readonly string[]): void {
  const metadata = { name: 'lb', namespace: 'default', uid: 'lb' };
  const spec = {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.77',
    clusterIPs: ['10.96.0.77'],
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 31_000,
    ports: [{ port: 80, nodePort: 30_077, protocol: 'TCP' }],
  };
  const labels = { 'kubernetes.io/service-name': 'lb' };
  const items = [
    { apiVersion: 'v1', kind: 'Service', metadata, spec },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels },
      addressType: 'IPv4',
      ports: [{ name: '', port: 8080, protocol: 'TCP' }],
      endpoints: endpoints.map((ip) => ({ addresses: [ip], nodeName: 'node1' })),
    },
  ];
  const list = { apiVersion: 'v1', kind: 'List', items };
  writeFileSync(join(directory, 'objects.json'), JSON.stringify(list));
}

test('a health check node port answers with the number of local endpoints', async () => {
  writeLoadBalancer(['10.244.0.1', '10.244.0.2']);
  const agent = start(other);
  await agent.synced();
  assert.equal(await healthOf(other, 31_000), '200 2');
  writeLoadBalancer([]);
  await agent.synced();
  assert.equal(await healthOf(other, 31_000), '503 0');
  await end(agent.child, 'SIGTERM');
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

test('a taken port that must not be is one clear line and changes no rule', async () => {
  const blocker = start(other);
  await blocker.synced();
  const before = await rulesIn(other);
  const strict = '--bind-address-hard-fail';
  const args = ['netns', 'exec', other.name, ...COMMAND, ...SOURCE, strict];
  const child = spawn('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as unknown[];
  assert.equal(code, 1);
  assert.match(said, /fairway: cannot listen on .*:10256.*--healthz-bind-address/);
  assert.equal(await rulesIn(other), before);
  await end(blocker.child, 'SIGTERM');
});

test('otherwise the work goes on, and the port is served when the process before has ended', async () => {
  writeLoadBalancer(['10.244.0.1']);
  const before = start(other);
  await before.synced();
  const after = start(other);
  assert.match(await after.line('"server not listening"'), /:10256.*--healthz-bind-address/);
  await after.synced();
  await end(before.child, 'SIGTERM');
  await after.line('"server listening after all"');
  await after.line('"server listening after all"');
  assert.equal(await healthOf(other, 10_256, '/livez'), '200 null');
  await end(after.child, 'SIGTERM');
});
