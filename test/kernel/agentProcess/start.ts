/** Agents as processes in namespaces of their own, fed from one directory, and what they leave. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SLOWNESS } from '../../lab/slowness.ts';
import type { TestNamespace } from '../../support/namespaceKernel.ts';

/** Of the manifests. */
export const directory = mkdtempSync(join(tmpdir(), 'fairway-process-'));
const children: ChildProcess[] = [];

/** Those of a test that failed would stand in the way of the next, and keep this process alive. */
export function killAll(): void {
  for (const child of children.splice(0)) child.kill('SIGKILL');
}

/** At the end. */
export function removeDirectory(): void {
  rmSync(directory, { recursive: true });
}

/** In the machine that has ip_vs, the same holds in ipvs mode. */
export const MODE = process.env['FAIRWAY_LAB_MODES'] === 'ipvs' ? 'ipvs' : 'iptables';
export const COMMAND = [
  process.execPath,
  'src/main.ts',
  '--iptables-variant=nft',
  `--proxy-mode=${MODE}`,
];
export const SOURCE = [
  `--manifests=${directory}`,
  '--hostname-override=node1',
  '--logging-format=json',
];
const FAST = [`--${MODE}-min-sync-period=0s`];

interface Synced {
  readonly operations: number;
  readonly full: boolean;
}

export interface Running {
  readonly child: ChildProcess;
  /** The next line of its log with this text. */
  line(text: string): Promise<string>;
  /** The next line `synced`. */
  synced(): Promise<Synced>;
}

/** An agent that nobody waits for. */
export function start(where: TestNamespace): Running {
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

/** Ends one, if it has not ended yet. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  // One that has ended by itself would be waited for without end.
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
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

/** All that the agent may write, without counters. */
export async function rulesIn(where: TestNamespace): Promise<string> {
  const saved = [
    await where.run('iptables-nft-save', []),
    await where.run('ip6tables-nft-save', []),
    ...(MODE === 'ipvs' ? await ipvsIn(where) : []),
  ].join('');
  return saved.replace(/^#.*\n/gm, '').replace(/\[\d+:\d+\]/g, '');
}
