/** A connection outlives its endpoint's place in the Service, and a killed agent. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startAgent, syncs, waitUntil } from '../lab/agentProcess.ts';
import type { AgentProcess } from '../lab/agentProcess.ts';
import { openLab } from '../lab/lab.ts';
import type { Lab } from '../lab/lab.ts';
import { directoryOf, uniquePrefix } from '../lab/namespaces.ts';
import { runInside } from '../lab/program.ts';
import { SLOWNESS } from '../lab/slowness.ts';

const VIP = '10.96.0.10';
const PODS = { pod1b: '10.244.1.12', pod2a: '10.244.2.11' } as const;

const SERVER = `require('node:net').createServer((s) => { s.on('data', (d) => s.write(d)); s.on('error', () => 0); }).listen(9000);`;
const CLIENT = `const s = require('node:net').connect(80, '${VIP}');
  process.stdin.on('data', (d) => s.write(d)); process.stdin.on('end', () => s.end());
  s.on('data', (d) => process.stdout.write(d)); s.on('close', () => process.exit(0));`;

function objects(pods: readonly (keyof typeof PODS)[]): string {
  const metadata = { name: 'web', namespace: 'default', uid: 'web' };
  const ports = [{ port: 80, protocol: 'TCP' }];
  const service = { clusterIP: VIP, clusterIPs: [VIP], ports };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: [
      { apiVersion: 'v1', kind: 'Service', metadata, spec: service },
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { ...metadata, labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        ports: [{ name: '', port: 9000, protocol: 'TCP' }],
        endpoints: pods.map((pod) => ({ addresses: [PODS[pod]] })),
      },
    ],
  });
}

let lab: Lab;
let manifests = '';
const children: ChildProcess[] = [];

before(async () => {
  lab = await openLab(uniquePrefix('ending'));
  manifests = mkdtempSync(join(directoryOf(lab.prefix), 'manifests-'));
});

after(() => {
  for (const child of children) child.kill('SIGKILL');
  lab.close();
});

function put(pods: readonly (keyof typeof PODS)[]): void {
  const next = join(directoryOf(lab.prefix), 'next.json');
  writeFileSync(next, objects(pods));
  renameSync(next, join(manifests, 'objects.json'));
}

function inside(member: string, code: string): ChildProcess {
  const args = ['netns', 'exec', lab.namespace(member), process.execPath, '-e', code];
  const child = spawn('ip', args, { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function agent(name: string): Promise<AgentProcess> {
  const flags = [
    ...[`--manifests=${manifests}`, '--hostname-override=node1', '--logging-format=json'],
    ...['--proxy-mode=ipvs', '--ipvs-min-sync-period=0s', '--ipvs-sync-period=2s'],
    ...['--cluster-cidr=10.244.0.0/16', '--iptables-variant=nft'],
  ];
  const log = join(directoryOf(lab.prefix), `${name}.log`);
  const started = startAgent(lab.namespace('node1'), flags, log);
  await waitUntil(started, 'synced', () => syncs(started).length > 0);
  return started;
}

/** What the client gets back for what it sends over its one connection. */
async function echoed(client: ChildProcess, text: string): Promise<string> {
  client.stdin?.write(text);
  assert.ok(client.stdout);
  const signal = AbortSignal.timeout(5000 * SLOWNESS);
  const [data] = (await once(client.stdout, 'data', { signal })) as [Buffer];
  return data.toString();
}

function servers(): Promise<string> {
  return runInside(lab.namespace('node1'), ['ipvsadm', '-Ln']);
}

/** Resolves when the list of servers is such; fails when it never becomes so. */
async function serversBecome(pattern: RegExp, isThere: boolean): Promise<void> {
  // A check waits ten times as long as the one before took to read, which is long in the guest.
  const deadline = performance.now() + 60_000 * SLOWNESS;
  while (pattern.test(await servers()) !== isThere) {
    assert.ok(performance.now() < deadline, `${String(pattern)} ${String(isThere)}`);
    await wait(50 * SLOWNESS);
  }
}

test('a connection goes on while its endpoint leaves, over a kill -9, and then the endpoint goes', async () => {
  put(['pod1b']);
  for (const pod of Object.keys(PODS)) inside(pod, SERVER);
  const first = await agent('first');
  await wait(500 * SLOWNESS);
  const client = inside('pod1a', CLIENT);
  assert.equal(await echoed(client, 'one'), 'one');

  put(['pod2a']);
  await serversBecome(/10\.244\.1\.12:9000 +Masq +0 /, true);
  assert.match(await servers(), /10\.244\.2\.11:9000 +Masq +1 /);
  assert.equal(await echoed(client, 'two'), 'two');

  process.kill(first.pid, 'SIGKILL');
  const second = await agent('second');
  assert.equal(await echoed(client, 'three'), 'three');
  assert.match(await servers(), /10\.244\.1\.12:9000 +Masq +0 /);

  // Back: its weight is there at once, and the connection has not noticed.
  put(['pod1b', 'pod2a']);
  await serversBecome(/10\.244\.1\.12:9000 +Masq +1 /, true);
  assert.equal(await echoed(client, 'four'), 'four');

  // The whole Service loses its endpoints: still the connection goes on.
  put([]);
  await serversBecome(/10\.244\.1\.12:9000 +Masq +0 /, true);
  assert.equal(await echoed(client, 'five'), 'five');
  const closed = once(client, 'exit');
  client.stdin?.end();
  await closed;
  await second.stop();
});

/** Dials again and again until its input ends; a letter for each that came through, or did not. */
const DIALLER = `const { connect } = require('node:net'); let ended = false;
  process.stdin.on('data', () => 0).on('end', () => { ended = true; });
  const dial = () => { if (ended) return process.exit();
    let answered = false; const s = connect(80, '${VIP}'); s.setTimeout(${String(10_000 * SLOWNESS)}, () => s.destroy());
    s.on('connect', () => s.write('x')); s.on('data', () => { answered = true; s.end(); });
    s.on('error', () => 0).on('close', () => { process.stdout.write(answered ? '+' : '-'); setTimeout(dial, 5); }); };
  dial();`;

/** Connections that must have come through, however slow the machine is. */
const ENOUGH = 30;
const MOST_ROUNDS = 1000;

test('an endpoint that flaps fails no new connection, and ends as if it never had', async () => {
  put(['pod1b', 'pod2a']);
  const flapping = await agent('flapping');
  const dialler = inside('pod1a', DIALLER);
  let outcomes = '';
  dialler.stdout?.on('data', (data: Buffer) => (outcomes += data.toString()));
  for (let round = 0; round < 20 || outcomes.length < ENOUGH; round += 1) {
    assert.ok(round < MOST_ROUNDS, `only ${String(outcomes.length)} connections`);
    put(round % 2 === 0 ? ['pod2a'] : ['pod1b', 'pod2a']);
    await wait(25 * SLOWNESS);
  }
  put(['pod1b', 'pod2a']);
  await serversBecome(/10\.244\.1\.12:9000 +Masq +1 /, true);
  const ended = once(dialler, 'close');
  dialler.stdin?.end();
  await ended;
  assert.match(outcomes, /^\++$/);
  await flapping.stop();
});

test('when its time is over, an endpoint goes although a connection still runs', async () => {
  put(['pod1b']);
  const log = join(directoryOf(lab.prefix), 'third.log');
  const third = startAgent(
    lab.namespace('node1'),
    [
      ...[`--manifests=${manifests}`, '--hostname-override=node1', '--logging-format=json'],
      ...['--proxy-mode=ipvs', '--ipvs-min-sync-period=0s', '--ipvs-sync-period=1s'],
      ...['--ipvs-drain-timeout=1s', '--cluster-cidr=10.244.0.0/16', '--iptables-variant=nft'],
    ],
    log,
  );
  await waitUntil(third, 'synced', () => syncs(third).length > 0);
  const client = inside('pod1a', CLIENT);
  assert.equal(await echoed(client, 'one'), 'one');
  put(['pod2a']);
  await serversBecome(/10\.244\.1\.12:9000/, false);
  await third.stop();
});
