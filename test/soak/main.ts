/**
 * `scripts/soak`: the real agent in userspace mode, TCP and UDP load through it, endpoints that come,
 * go, refuse and stay silent all the time. Prints a line a minute and what grew.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import { megabytes } from '../bench/procfs.ts';
import { printTable } from '../bench/table.ts';
import { startAgent, syncs, waitUntil } from '../lab/agentProcess.ts';
import type { AgentProcess } from '../lab/agentProcess.ts';
import { openLab } from '../lab/lab.ts';
import type { Lab } from '../lab/lab.ts';
import { directoryOf, uniquePrefix } from '../lab/namespaces.ts';
import { datagrams, keepAlive, newConnections } from './load.ts';
import type { LoadResult } from './load.ts';
import { manifest, POD_HTTP_PORT, PODS } from './objects.ts';
import { HELP, parseOptions } from './options.ts';
import type { SoakOptions } from './options.ts';
import { judge } from './verdict.ts';
import type { Sample } from './verdict.ts';

const ROUND_MS = 250;
const SAMPLE_MS = 2000;

const SERVER = `require('node:http').createServer((_, answer) => answer.end('ok\\n')).listen(${String(POD_HTTP_PORT)});`;

async function soak(options: SoakOptions): Promise<number> {
  const lab = await openLab(uniquePrefix('soak'));
  try {
    return await soakIn(lab, options);
  } finally {
    lab.close();
  }
}

async function soakIn(lab: Lab, { minutes, json }: SoakOptions): Promise<number> {
  for (const pod of Object.keys(PODS)) serve(lab, pod);
  const objects = objectsIn(lab);
  objects.put(0);
  const agent = await start(lab, objects.folder);
  const idle = sample(agent, 0);
  const ending = new AbortController();
  const samples: Sample[] = [];
  const beside = [churn(objects.put, ending.signal), watch(agent, samples, ending.signal)];
  const results: LoadResult[] = [];
  for (let minute = 1; minute <= minutes; minute += 1) {
    results.push(...(await loadFor(lab, 60)));
    agent.assertRunning();
    console.log(lineOf(minute, minutes, results, samples.at(-1)));
  }
  ending.abort();
  await Promise.all(beside);
  objects.put(0);
  const failed = await report(agent, { idle, samples, results });
  if (json !== undefined) writeFileSync(json, JSON.stringify({ samples, results }, null, 2) + '\n');
  await agent.stop();
  return failed ? 1 : 0;
}

function serve(lab: Lab, pod: string): void {
  const args = ['netns', 'exec', lab.namespace(pod), process.execPath, '-e', SERVER];
  // It ends with its namespace.
  spawn('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] }).unref();
}

interface Objects {
  readonly folder: string;
  put(round: number): void;
}

function objectsIn(lab: Lab): Objects {
  const folder = mkdtempSync(join(directoryOf(lab.prefix), 'manifests-'));
  const next = join(directoryOf(lab.prefix), 'next.json');
  return {
    folder,
    put(round) {
      writeFileSync(next, manifest(round));
      renameSync(next, join(folder, 'objects.json'));
    },
  };
}

async function start(lab: Lab, manifests: string): Promise<AgentProcess> {
  const flags = [
    ...[`--manifests=${manifests}`, '--hostname-override=node1', '--logging-format=json'],
    ...['--proxy-mode=userspace', '--cluster-cidr=10.244.0.0/16'],
    '--iptables-min-sync-period=0s',
    '--userspace-bridge-netfilter=off',
    '--udp-timeout=2s',
  ];
  const log = join(directoryOf(lab.prefix), 'agent.log');
  const agent = startAgent(lab.namespace('node1'), flags, log);
  await waitUntil(agent, 'synced', () => syncs(agent).length > 0);
  return agent;
}

async function churn(put: (round: number) => void, signal: AbortSignal): Promise<void> {
  for (let round = 0; !signal.aborted; round += 1) {
    put(round);
    await wait(ROUND_MS);
  }
}

async function watch(agent: AgentProcess, samples: Sample[], signal: AbortSignal): Promise<void> {
  const began = performance.now();
  while (!signal.aborted) {
    samples.push(sample(agent, (performance.now() - began) / 1000));
    await wait(SAMPLE_MS);
  }
}

function sample({ pid }: AgentProcess, seconds: number): Sample {
  const { now } = megabytes(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  return { seconds, megabytes: now, files: readdirSync(`/proc/${String(pid)}/fd`).length };
}

/** From a pod of the node and from outside, all at once. */
function loadFor(lab: Lab, seconds: number): Promise<readonly LoadResult[]> {
  return Promise.all([
    newConnections(lab, 'pod1a', seconds),
    keepAlive(lab, 'client', seconds),
    datagrams(lab, 'client', seconds),
    datagrams(lab, 'pod1a', seconds),
  ]);
}

function lineOf(
  minute: number,
  minutes: number,
  results: readonly LoadResult[],
  last: Sample | undefined,
): string {
  const count = (of: (result: LoadResult) => number): string =>
    results.reduce((sum, result) => sum + of(result), 0).toLocaleString('en');
  const requests = `${count(({ requests: each }) => each)} requests, ${count(({ failed }) => failed)} failed`;
  const size = `${String(last?.megabytes.toFixed(0))} MB, ${String(last?.files)} descriptors`;
  return `minute ${String(minute).padStart(4)} of ${String(minutes)}: ${requests}; ${size}`;
}

interface Outcome {
  readonly idle: Sample;
  readonly samples: readonly Sample[];
  readonly results: readonly LoadResult[];
}

/** Connections of the last clients may still be ending. */
const ENDING_MS = 8000;
const FILES_LEFT = 40;

/** Prints what came of it; whether something is wrong. */
async function report(agent: AgentProcess, outcome: Outcome): Promise<boolean> {
  await wait(ENDING_MS);
  const after = sample(agent, NaN);
  const verdicts = judge(outcome.samples);
  const failures = failuresByKind(outcome.results);
  const leaked = after.files - outcome.idle.files;
  const rows = [
    ...verdicts.map(({ what, early, late, hasGrown }) => [
      what,
      early.toFixed(0),
      late.toFixed(0),
      hasGrown ? 'GREW' : 'ok',
    ]),
    ...failures,
    [
      'descriptors, idle',
      String(outcome.idle.files),
      String(after.files),
      leaked > FILES_LEFT ? 'LEAKED' : 'ok',
    ],
  ];
  console.log(`\n${printTable(['', 'early', 'late', ''], rows)}`);
  return rows.some((row) => row.at(-1) !== 'ok');
}

function failuresByKind(results: readonly LoadResult[]): readonly (readonly string[])[] {
  return [...Map.groupBy(results, ({ what }) => what)].map(([what, some]) => {
    const share = failedShare(some);
    return [
      `failed: ${what}`,
      '',
      `${(100 * share).toFixed(2)} %`,
      isTooMuch(what, share) ? 'FAILED' : 'ok',
    ];
  });
}

function failedShare(results: readonly LoadResult[]): number {
  const sum = (of: (result: LoadResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  return sum(({ failed }) => failed) / sum(({ requests }) => requests);
}

/** The answer to a datagram is lost when its endpoint leaves in between; nobody can send it again. */
const LOST_DATAGRAMS = 0.01;

function isTooMuch(what: string, share: number): boolean {
  return share > (what === 'datagrams' ? LOST_DATAGRAMS : 0);
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(argv);
    if (options !== undefined) return await soak(options);
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

process.exit(await main(process.argv.slice(2)));
