/**
 * `node test/bench/decide.ts [SERVICES,...]`: what it takes to decide about one change of an endpoint,
 * from the object that a watch brings to the input of the tools, in each mode. No kernel is asked, so
 * this says the same about ipvs mode on a machine whose kernel has none. Beside it, how long the
 * mode's tool takes to do nothing: no change can cost less. The relay's is no program.
 */
import { spawnSync } from 'node:child_process';
import { MODES } from '../../src/backends/backend.ts';
import type { Mode } from '../../src/backends/backend.ts';
import { policyFrom } from '../../src/config/policy.ts';
import type { Config } from '../../src/config/schema.ts';
import { readConfig } from '../../src/cli/readConfig.ts';
import { FAMILIES } from '../../src/net/family.ts';
import { printPlan } from '../../src/plan/print.ts';
import { sortedMap } from '../../src/sorted/sortedMap.ts';
import { backendOf } from '../../src/sync/backends.ts';
import { decider } from '../../src/sync/decide.ts';
import { createStore } from '../../src/watch/store.ts';
import type { Store } from '../../src/watch/store.ts';
import { clusterNode, clusterService, clusterSlice } from '../support/fakeApiServerCluster.ts';
import { movedEndpoint } from './addresses.ts';
import { describeMachine, printMachine } from './machine.ts';
import { median, worst } from './statistics.ts';
import { printTable } from './table.ts';

const NODE_NAME = 'node-1';
const ENDPOINTS = 3;
const CHANGES = 200;
/** Compiled while they run. */
const FIRST_CHANGES = 50;
/** A prime, as in changes.ts. */
const STRIDE = 7919;

const PROGRAMS = {
  4: { restore: 'iptables-restore', save: 'iptables-save' },
  6: { restore: 'ip6tables-restore', save: 'ip6tables-save' },
} as const;

const TOOLS: Readonly<Record<Mode, string | undefined>> = {
  iptables: 'iptables-nft-restore',
  ipvs: 'ipvsadm',
  userspace: undefined,
};

async function configOf(mode: Mode): Promise<Config> {
  const environment = { nodeName: NODE_NAME, hostname: NODE_NAME };
  const flags = { 'proxy-mode': mode, 'cluster-cidr': '10.244.0.0/16', manifests: '/dev/null' };
  const { config, problems } = await readConfig(flags, environment);
  if (problems !== undefined) throw new Error(problems.join('\n'));
  return config;
}

function filledStore(services: number): Store {
  const store = createStore({ nodeName: NODE_NAME, startedAt: 0, onChange: () => undefined });
  store.put('Node', clusterNode(NODE_NAME));
  for (let index = 0; index < services; index += 1) {
    store.put('Service', clusterService(index));
    store.put('EndpointSlice', clusterSlice(index, ENDPOINTS));
  }
  return store;
}

interface Deciding {
  /** Milliseconds of each change. */
  readonly changes: readonly number[];
  /** The same for all Services, at the start. */
  readonly first: number;
  /** Letters that the tools are given for one change. */
  readonly letters: number;
}

function measure(config: Config, services: number): Deciding {
  const store = filledStore(services);
  const decide = decider({
    ...{ store, config, families: FAMILIES, taken: () => undefined },
    policyOf: onceFor(config),
  });
  const programs = { families: FAMILIES, names: PROGRAMS };
  const backend = backendOf(config, programs);
  const began = performance.now();
  let snapshot = decide(undefined);
  if (snapshot === undefined) throw new Error('the Node lacks something');
  let rendering = backend.render(snapshot);
  let { reached } = backend.plan(sortedMap(), rendering.rules);
  const first = performance.now() - began;
  const changes: number[] = [];
  let letters = 0;
  for (let change = 0; change < FIRST_CHANGES + CHANGES; change += 1) {
    const slice = clusterSlice((change * STRIDE) % services, ENDPOINTS, movedEndpoint(change));
    const start = performance.now();
    store.put('EndpointSlice', slice);
    snapshot = decide(snapshot) ?? snapshot;
    rendering = backend.render(snapshot, rendering);
    const plan = backend.plan(reached, rendering.rules);
    if (change >= FIRST_CHANGES) changes.push(performance.now() - start);
    if (plan.operations.length === 0) throw new Error('a change that changes nothing');
    reached = plan.reached;
    letters = printPlan(plan).length;
  }
  return { changes, first, letters };
}

/** The same Policy each time: backends start anew for another. */
function onceFor(config: Config) {
  let known: ReturnType<typeof policyFrom>['policy'];
  return (node: Parameters<typeof policyFrom>[1]) => {
    known ??= policyFrom(config, node).policy;
    return known;
  };
}

/** Milliseconds that one run takes which does nothing, the median of some; undefined without it. */
function emptyRun(tool: string | undefined): number | undefined {
  if (tool === undefined) return undefined;
  const times: number[] = [];
  for (let run = 0; run < 21; run += 1) {
    const start = performance.now();
    if (spawnSync(tool, ['--version']).error !== undefined) return undefined;
    times.push(performance.now() - start);
  }
  return median(times);
}

function milliseconds(value: number | undefined): string {
  return value === undefined ? '' : `${value.toFixed(2)} ms`;
}

const sizes = (process.argv[2] ?? '1000,10000,30000').split(',').map(Number);
console.log(printMachine(describeMachine()));
const rows: string[][] = [];
for (const mode of MODES) {
  const config = await configOf(mode);
  const empty = milliseconds(emptyRun(TOOLS[mode]));
  for (const services of sizes) {
    const { changes, first, letters } = measure(config, services);
    const cells = [median(changes), worst(changes)].map(milliseconds);
    rows.push([mode, String(services), ...cells, empty, String(letters), milliseconds(first)]);
  }
}
const head = ['mode', 'Services', 'one change', 'worst', 'its tool, idle', 'script', 'all of them'];
console.log(printTable(head, rows));
