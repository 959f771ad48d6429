/** A node whose proxy changes under load. */
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { startAgent, waitUntil } from '../../lab/agentProcess.ts';
import type { AgentProcess } from '../../lab/agentProcess.ts';
import type { Lab } from '../../lab/lab.ts';
import { directoryOf } from '../../lab/namespaces.ts';
import { runInside } from '../../lab/program.ts';
import { SLOWNESS } from '../../lab/slowness.ts';
import { startLoad } from './load.ts';
import type { Load, LoadResult } from './load.ts';
import { NODE_PORT, objects, VIP } from './objects.ts';

const NODE = 'node1';

/** All that a mode has on the node, one object a line, sorted; the same for equal nodes. */
export async function listNode(lab: Lab): Promise<readonly string[]> {
  const list = (...command: readonly string[]): Promise<string> =>
    // Not every kernel has everything.
    runInside(lab.namespace(NODE), command).catch(() => '');
  const texts = [
    await list('iptables-nft-save'),
    await list('ip6tables-nft-save'),
    await list('ipset', 'save'),
    await list('ipvsadm', '-Sn'),
    await list('ip', '-4', 'route', 'show', 'table', 'local', 'proto', '142'),
    await list('ip', '-6', 'route', 'show', 'table', 'local', 'proto', '142'),
    await list('ip', 'rule', 'show'),
    await list('ip', '-o', 'link', 'show', 'kube-ipvs0'),
    await list('nft', 'list', 'tables'),
  ];
  return texts
    .join('\n')
    .split('\n')
    .filter((line) => line !== '' && !NOBODYS.test(line))
    .map(withoutChance)
    .toSorted();
}

/** Comments, and tables and chains that are there as soon as somebody asks for them. */
const NOBODYS = /^(?:#|\*|COMMIT|table ip6? (?:nat|filter|mangle)|:[A-Z]+ )/;

/** Counters, sizes of sets, and the relay's port, which is another for each process. */
function withoutChance(line: string): string {
  return line
    .replace(/\[\d+:\d+\]/, '')
    .replace(/ (?:hashsize|bucketsize|initval) \S+/g, '')
    .replace(/--on-port \d+/, '--on-port N');
}

/** Files that an agent is fed from; they outlive it. */
export interface Site {
  readonly lab: Lab;
  readonly manifests: string;
  readonly config: string;
}

export function createSite(lab: Lab): Site {
  const directory = mkdtempSync(join(directoryOf(lab.prefix), 'site-'));
  const manifests = mkdtempSync(join(directory, 'manifests-'));
  const site = { lab, manifests, config: mkdtempSync(join(directory, 'config-')) };
  putObjects(site, objects());
  return site;
}

/** As a whole, so that no agent sees half of it. */
export function putObjects({ manifests, config }: Site, yaml: string): void {
  writeFileSync(join(config, 'objects'), yaml);
  renameSync(join(config, 'objects'), join(manifests, 'objects.yaml'));
}

export interface Agent {
  readonly process: AgentProcess;
  /** Change its configuration file as an operator would; resolves when the mode is in force. */
  switchTo(mode: string): Promise<void>;
  /** The same, and killed after so many milliseconds. */
  killWhileSwitchingTo(mode: string, ms: number): Promise<void>;
}

/** Start an agent in this mode; resolves when its rules stand. */
export async function startIn(
  site: Site,
  mode: string,
  flags: readonly string[] = [],
): Promise<Agent> {
  const { lab, manifests, config } = site;
  put(config, mode);
  const log = join(mkdtempSync(join(config, '..', 'log-')), 'log');
  const args = [
    ...[`--config=${config}/config.conf`, `--manifests=${manifests}`],
    ...[`--hostname-override=${NODE}`, '--logging-format=json', '--iptables-variant=nft'],
    ...['--userspace-sync-period=1s', '--userspace-min-sync-period=0s', ...flags],
  ];
  const process = startAgent(lab.namespace(NODE), args, log);
  await waitUntil(process, `in mode ${mode}`, () => syncCount(process, '[0-9]') > 0);
  return {
    process,
    async switchTo(next) {
      const before = syncCount(process, '[1-9]');
      put(config, next);
      await waitUntil(process, `in mode ${next}`, () => syncCount(process, '[1-9]') > before);
    },
    async killWhileSwitchingTo(next, ms) {
      put(config, next);
      await waitUntil(process, 'told', () => process.logged().includes('configuration changed'));
      await wait(ms);
      kill(process.pid, 'SIGKILL');
    },
  };
}

/** As the kubelet would: a whole file takes the place of the one before. */
function put(directory: string, mode: string): void {
  const text = [
    'apiVersion: kubeproxy.config.k8s.io/v1alpha1',
    'kind: KubeProxyConfiguration',
    `mode: ${mode}`,
    'clusterCIDR: 10.244.0.0/16',
    // So that what has ended is seen to be gone soon.
    'iptables: { syncPeriod: 1s, minSyncPeriod: 0s }',
    'ipvs: { syncPeriod: 1s, minSyncPeriod: 0s }',
  ];
  writeFileSync(join(directory, 'next'), `${text.join('\n')}\n`);
  renameSync(join(directory, 'next'), join(directory, 'config.conf'));
}

/** How many syncs had that many operations. */
function syncCount({ logged }: AgentProcess, operations: string): number {
  const pattern = new RegExp(`"msg":"synced".*"operations":${operations}`);
  return logged()
    .split('\n')
    .filter((line) => pattern.test(line)).length;
}

const TARGETS = [
  { name: 'ClusterIP', host: VIP, port: 80 },
  { name: 'NodePort', host: '192.0.2.11', port: NODE_PORT },
] as const;

/** What becomes of clients of every kind while something happens. */
export async function under(
  lab: Lab,
  happening: () => Promise<void>,
): Promise<readonly LoadResult[]> {
  const loads: Load[] = [];
  try {
    for (const member of ['client', 'pod1b', NODE]) {
      loads.push(await startLoad(lab, member, member === NODE ? TARGETS.slice(0, 1) : TARGETS));
    }
    await wait(500 * SLOWNESS);
    await happening();
    await wait(500 * SLOWNESS);
    return (await Promise.all(loads.map((load) => load.finish()))).flat();
  } finally {
    for (const load of loads) load.stop();
  }
}

/** Resolves once the node holds what is expected; throws with the difference when it never does. */
export async function untilNodeIs(lab: Lab, expected: readonly string[]): Promise<void> {
  const deadline = performance.now() + 30_000 * SLOWNESS;
  for (;;) {
    const found = await listNode(lab);
    const tooMany = found.filter((line) => !expected.includes(line));
    const missing = expected.filter((line) => !found.includes(line));
    if (tooMany.length + missing.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(`left over:\n${tooMany.join('\n')}\nmissing:\n${missing.join('\n')}`);
    }
    await wait(200 * SLOWNESS);
  }
}

/** `fairway --cleanup` there. */
export async function cleanUp(lab: Lab): Promise<void> {
  const main = new URL('../../../src/main.ts', import.meta.url).pathname;
  await runInside(lab.namespace(NODE), [process.execPath, main, '--cleanup']);
}
