/** The programs alone: what the same work costs without an agent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Variant } from '../lab/agentProcess.ts';
import { directoryOf } from '../lab/namespaces.ts';
import { chainsByEndpoint, chainsOf } from './savedRules.ts';
import type { Chains } from './savedRules.ts';
import type { Member, Site } from './site.ts';

/** How long a program ran, and the processor time that it took, in seconds. */
export interface Cost {
  readonly elapsed: number;
  readonly cpu: number;
}

const LONGEST_MS = 300_000;
const FAMILIES = ['iptables', 'ip6tables'] as const;

/** The rules that the agent wrote, and how to write them without it. */
export interface RawRules {
  /** Of the IPv4 nat table. */
  readonly nat: Chains;
  /** The chain of `nat` that holds an endpoint, by `address:port`. */
  readonly chainOf: ReadonlyMap<string, string>;
  /** Load all rules, of both families, into the empty node. */
  load(): Promise<Cost>;
  /** Give input to one iptables-restore there. */
  restore(input: string): Promise<Cost>;
}

/** Save what the agent wrote. */
export async function saveRules(site: Site, variant: Variant): Promise<RawRules> {
  const saved = new Map<string, string>();
  for (const family of FAMILIES) {
    const save = `${family}-${variant}-save`;
    saved.set(family, (await runLong(site, 'node', [save])).stdout);
  }
  const nat = chainsOf(saved.get('iptables') ?? '', 'nat');

  async function restore(input: string, family = 'iptables'): Promise<Cost> {
    const file = join(directoryOf(site.prefix), 'restore-input');
    writeFileSync(file, input);
    return timed(site, `${family}-${variant}-restore -w 5 --noflush`, file);
  }

  async function load(): Promise<Cost> {
    const costs: Cost[] = [];
    for (const [family, rules] of saved) costs.push(await restore(rules, family));
    return costs.reduce((a, b) => ({ elapsed: a.elapsed + b.elapsed, cpu: a.cpu + b.cpu }));
  }

  return { nat, chainOf: chainsByEndpoint(nat), load, restore: (input) => restore(input) };
}

/** By bash's own clock, so that entering the namespace is not counted. */
async function timed(site: Site, command: string, input: string): Promise<Cost> {
  const script = `TIMEFORMAT='%R %U %S'; time ${command} < "$1"`;
  const { stderr } = await runLong(site, 'raw', ['bash', '-ec', script, 'bash', input]);
  const [elapsed, user, system] = stderr.trim().split(' ').map(Number);
  if (elapsed === undefined || user === undefined || system === undefined) {
    throw new Error(`expected the times of ${command}, found "${stderr}"`);
  }
  return { elapsed, cpu: user + system };
}

/** Run a program on one of the nodes; throws with what it said when it fails. */
export async function runLong(
  site: Site,
  member: Member,
  command: readonly string[],
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const args = ['netns', 'exec', site.namespace(member), ...command];
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS });
  const exit = once(child, 'exit');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [code, signal] = (await exit) as [number | null, string | null];
  if (code === 0) return { stdout, stderr };
  throw new Error(`${command.join(' ')} ended with ${String(code ?? signal)}: ${stderr}`);
}
