/** The programs alone: what the same work costs without an agent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { Variant } from '../lab/agentProcess.ts';
import { directoryOf } from '../lab/namespaces.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { POD_PORT } from './addresses.ts';
import { chainsByEndpoint, chainsOf, refillInput, worstPlaced } from './savedRules.ts';
import type { Member, Site } from './site.ts';

/** How long a program ran, and the processor time that it took, in seconds. */
export interface Cost {
  readonly elapsed: number;
  readonly cpu: number;
}

/** The first chain of the agent's dispatch. */
const DISPATCH = 'KUBE-IP';

const LONGEST_MS = 300_000 * SLOWNESS;
const FAMILIES = ['iptables', 'ip6tables'] as const;

/** The rules that the agent wrote, and how to write them without it. */
export interface RawRules {
  /** Load all of it, of both families, into the empty node. */
  load(): Promise<Cost>;
  /** Give one tool there what these changes take at least, all at once. */
  change(moves: readonly Move[]): Promise<Cost>;
  /** The Service that the most rules stand before. */
  worst(): { readonly clusterIp: string; readonly rules: number };
}

/** An endpoint that got another address. */
export interface Move {
  readonly clusterIp: string;
  readonly from: string;
  readonly to: string;
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
    return total(costs);
  }

  const chainOf = chainsByEndpoint(nat);
  function chainWith({ from }: Move): string {
    const endpoint = `${from}:${String(POD_PORT)}`;
    const chain = chainOf.get(endpoint);
    if (chain === undefined) throw new Error(`no rule leads to ${endpoint}`);
    return chain;
  }

  return {
    load,
    change: (moves) => restore(refillInput(nat, moves.map(chainWith))),
    worst: () => {
      const found = worstPlaced(nat, DISPATCH);
      if (found === undefined) throw new Error('expected a Service behind KUBE-IP, found none');
      return found;
    },
  };
}

export function total(costs: readonly Cost[]): Cost {
  return costs.reduce((a, b) => ({ elapsed: a.elapsed + b.elapsed, cpu: a.cpu + b.cpu }));
}

/** By bash's own clock, so that entering the namespace is not counted. */
export async function timed(site: Site, command: string, input: string): Promise<Cost> {
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
