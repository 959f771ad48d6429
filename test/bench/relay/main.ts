/**
 * Compares the userspace relay with HAProxy and with no relay at all:
 *
 *     node test/bench/relay/main.ts [rounds] [seconds] [--realtime]
 *
 * Each in turn in each round, medians over the rounds. Needs root, haproxy, wrk, two processors.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { takeDown, takeDownAtExit, uniquePrefix } from '../../lab/namespaces.ts';
import { describeMachine, printMachine } from '../machine.ts';
import { cpuSeconds, megabytes } from '../procfs.ts';
import { median } from '../statistics.ts';
import { printTable } from '../table.ts';
import { parseWrk } from '../wrk.ts';
import { compareDatagrams } from './datagrams.ts';
import { BULK, IDLE, PORTS, SUBJECTS, openGround } from './ground.ts';
import type { Ground, Subject } from './ground.ts';

interface Sample {
  readonly connections: number;
  readonly cpuPerConnection: number;
  readonly halfDead: number;
  readonly requests: number;
  readonly cpuPerRequest: number;
  readonly p50: number;
  readonly p99: number;
  readonly bulk: number;
  readonly cpuPerGigabyte: number;
  readonly memory: number;
  /** The same while it has IDLE_CONNECTIONS that say nothing. */
  readonly memoryIdle: number;
}

/** As many as a client may have where a process may open 20,000 files and a relay needs two each. */
const IDLE_CONNECTIONS = 8000;

const HEAD: Readonly<Record<keyof Sample, string>> = {
  connections: 'connections/s',
  cpuPerConnection: 'CPU us each',
  halfDead: 'connections/s, half dead',
  requests: 'requests/s',
  cpuPerRequest: 'CPU us each ',
  p50: 'p50 us',
  p99: 'p99 us',
  bulk: 'Gbit/s',
  cpuPerGigabyte: 'CPU ms/GB',
  memory: 'MB',
  memoryIdle: 'MB, 8,000 idle',
};
const COLUMNS = Object.keys(HEAD) as (keyof Sample)[];
const CLOSE = ['-H', 'Connection: close'];

/** CPU seconds that the subject has used so far. */
function cpuOf(ground: Ground, subject: Subject): number {
  if (subject === 'direct') return NaN;
  return cpuSeconds(readFileSync(`/proc/${ground.pids[subject]}/stat`, 'utf8')).own;
}

/** What `run` gives, and the CPU time that the subject spent on it. */
async function timed<T>(
  ground: Ground,
  subject: Subject,
  run: () => Promise<T>,
): Promise<{ result: T; cpu: number }> {
  const before = cpuOf(ground, subject);
  const result = await run();
  return { result, cpu: cpuOf(ground, subject) - before };
}

interface Load {
  readonly port: number;
  readonly connections: number;
  readonly seconds: number;
  readonly headers?: readonly string[];
}

function wrk(ground: Ground, subject: Subject, load: Load): Promise<string> {
  const { port, connections, seconds, headers = [] } = load;
  const amount = ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency'];
  const url = `http://${SUBJECTS[subject]}:${port}/`;
  return ground.client(['wrk', ...amount, ...headers, url]);
}

/** Microseconds at that percentile in what wrk prints. */
function percentile(output: string, percent: number): number {
  const [, value, unit = ''] =
    new RegExp(`^ +${percent}%\\s+([\\d.]+)(us|ms|s)$`, 'm').exec(output) ?? [];
  const factors: Readonly<Record<string, number>> = { us: 1, ms: 1000, s: 1e6 };
  return Number(value) * (factors[unit] ?? NaN);
}

/** How many requests wrk had answered in all. */
function answered(output: string): number {
  return Number(/^ +(\d+) requests in/m.exec(output)?.[1]);
}

async function measure(ground: Ground, subject: Subject, seconds: number): Promise<Sample> {
  const many = { port: PORTS.http, connections: 64, seconds };
  const close = await timed(ground, subject, () =>
    wrk(ground, subject, { ...many, headers: CLOSE }),
  );
  const halfDead =
    subject === 'direct'
      ? NaN
      : parseWrk(await wrk(ground, subject, { ...many, port: PORTS.halfDead, headers: CLOSE }));
  const keep = await timed(ground, subject, () => wrk(ground, subject, many));
  const one = await wrk(ground, subject, { ...many, connections: 1 });
  const fetch = ['perl', BULK, 'fetch', SUBJECTS[subject], String(PORTS.bulk), String(seconds)];
  const bulk = await timed(ground, subject, () => ground.client(fetch));
  const [bytes = NaN, took = NaN] = bulk.result.split(' ').map(Number);
  return {
    connections: parseWrk(close.result),
    cpuPerConnection: (close.cpu / answered(close.result)) * 1e6,
    halfDead,
    requests: parseWrk(keep.result),
    cpuPerRequest: (keep.cpu / answered(keep.result)) * 1e6,
    p50: percentile(one, 50),
    p99: percentile(one, 99),
    bulk: (bytes * 8) / took / 1e9,
    cpuPerGigabyte: (bulk.cpu / bytes) * 1e12,
    memory: memoryOf(ground, subject),
    memoryIdle: await memoryWhileIdle(ground, subject),
  };
}

async function memoryWhileIdle(ground: Ground, subject: Subject): Promise<number> {
  if (subject === 'direct') return NaN;
  const where = [SUBJECTS[subject], String(PORTS.idle)];
  const held = await ground.hold(['perl', IDLE, 'hold', ...where, String(IDLE_CONNECTIONS)]);
  const memory = memoryOf(ground, subject);
  await held.end();
  return memory;
}

function memoryOf(ground: Ground, subject: Subject): number {
  if (subject === 'direct') return NaN;
  return megabytes(readFileSync(`/proc/${ground.pids[subject]}/status`, 'utf8')).now;
}

function printSamples(samples: ReadonlyMap<Subject, readonly Sample[]>): string {
  const rows = [...samples].map(([subject, taken]) => [
    subject,
    ...COLUMNS.map((column) => {
      const value = median(taken.map((sample) => sample[column]));
      return Number.isNaN(value) ? '' : value.toPrecision(4);
    }),
  ]);
  return printTable(['', ...COLUMNS.map((column) => HEAD[column])], rows);
}

async function bench(rounds: number, seconds: number, isRealtime: boolean): Promise<void> {
  const prefix = uniquePrefix('relays');
  takeDownAtExit(prefix);
  const ground = await openGround({ prefix, isRealtime });
  const subjects = Object.keys(SUBJECTS) as Subject[];
  const samples = new Map(subjects.map((subject): [Subject, Sample[]] => [subject, []]));
  // The first round is for whoever compiles while it runs.
  for (const subject of subjects) await measure(ground, subject, 1);
  for (let round = 0; round < rounds; round += 1) {
    for (const [subject, taken] of samples) taken.push(await measure(ground, subject, seconds));
  }
  console.log(printMachine(describeMachine()));
  console.log(printSamples(samples));
  console.log(await compareDatagrams(ground, rounds, seconds));
  takeDown(prefix);
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { realtime: { type: 'boolean', default: false } },
});
const [rounds = 5, seconds = 3] = positionals.map(Number);
await bench(rounds, seconds, values.realtime);
