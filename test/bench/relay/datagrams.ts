/** UDP through the relay, through the kernel's translation, and without either. */
import { readFileSync } from 'node:fs';
import { cpuSeconds } from '../procfs.ts';
import { median } from '../statistics.ts';
import { printTable } from '../table.ts';
import { DATAGRAMS, NAT, SUBJECTS, UDP_PORT } from './ground.ts';
import type { Ground } from './ground.ts';

const WAYS = { direct: SUBJECTS.direct, 'kernel NAT': NAT, relay: SUBJECTS.relay } as const;
type Way = keyof typeof WAYS;

const FLOWS = 64;

interface Sample {
  /** Round trips a second. */
  readonly rate: number;
  /** Microseconds of the relay for each. */
  readonly cpu: number;
  /** Datagrams that had to be sent again, of all. */
  readonly again: number;
}

/** A table of medians over rounds in turn. */
export async function compareDatagrams(
  ground: Ground,
  rounds: number,
  seconds: number,
): Promise<string> {
  const ways = Object.keys(WAYS) as Way[];
  const samples = new Map(ways.map((way): [Way, Sample[]] => [way, []]));
  for (const way of ways) await measure(ground, way, 1);
  for (let round = 0; round < rounds; round += 1) {
    for (const [way, taken] of samples) taken.push(await measure(ground, way, seconds));
  }
  const rows = [...samples].map(([way, taken]) => [
    way,
    median(taken.map(({ rate }) => rate)).toPrecision(4),
    way === 'relay' ? median(taken.map(({ cpu }) => cpu)).toPrecision(3) : '',
    String(median(taken.map(({ again }) => again))),
  ]);
  return printTable([`UDP, ${FLOWS} flows`, 'round trips/s', 'CPU us each', 'sent again'], rows);
}

async function measure({ pids, client }: Ground, way: Way, seconds: number): Promise<Sample> {
  function cpu(): number {
    return cpuSeconds(readFileSync(`/proc/${pids.relay}/stat`, 'utf8')).own;
  }
  const before = cpu();
  const amount = [String(UDP_PORT), String(FLOWS), String(seconds)];
  const printed = await client(['perl', DATAGRAMS, 'ask', WAYS[way], ...amount]);
  const [answers = NaN, took = NaN, again = NaN] = printed.split(' ').map(Number);
  return { rate: answers / took, cpu: ((cpu() - before) / answers) * 1e6, again };
}
