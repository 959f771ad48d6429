/** The demo: a small cluster, an agent on each node, real traffic, and a table of what came of it. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import colors from 'picocolors';
import { MODES } from '../src/backends/backend.ts';
import { startAgent, waitUntil } from '../test/lab/agentProcess.ts';
import type { AgentProcess } from '../test/lab/agentProcess.ts';
import { openLab } from '../test/lab/lab.ts';
import type { Lab } from '../test/lab/lab.ts';
import { directoryOf, isUp, takeDown } from '../test/lab/namespaces.ts';
import { sendFlows } from '../test/lab/scenario/send.ts';
import { CLUSTER_CIDR, NODES } from '../test/lab/topology.ts';
import { copyManifests, editManifest, readStory } from './demoStory.ts';
import type { Chapter, Story } from './demoStory.ts';
import { complaint, header, row } from './demoTable.ts';

const PREFIX = 'fairway-demo';
const METRICS = 'http://127.0.0.1:10249/metrics';

interface Options {
  readonly mode: string;
  readonly keep: boolean;
  readonly down: boolean;
}

interface Cluster {
  readonly lab: Lab;
  readonly manifests: string;
  readonly agents: readonly AgentProcess[];
}

/** Throws with what to do when the command line makes no sense. */
function readOptions(): Options {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { keep: { type: 'boolean' }, down: { type: 'boolean' } },
  });
  const [mode = MODES[0], ...others] = positionals;
  if (others.length > 0 || !MODES.some((each) => each === mode)) {
    throw new Error(`expected one MODE of ${MODES.join(', ')}, found "${positionals.join(' ')}"`);
  }
  return { mode, keep: values.keep === true, down: values.down === true };
}

/** Do one part of the preparation, with a line that says how long it took. */
async function step<T>(title: string, work: () => Promise<T>): Promise<T> {
  const start = performance.now();
  process.stdout.write(`${title} ... `);
  const result = await work();
  console.log(colors.dim(`${((performance.now() - start) / 1000).toFixed(1)} s`));
  return result;
}

async function build(mode: string): Promise<Cluster> {
  if (isUp(PREFIX)) {
    await step('Taking down the cluster that an earlier run left up', async () => {
      await Promise.resolve(takeDown(PREFIX));
    });
  }
  const lab = await step(
    'Building a cluster in network namespaces: node1, node2, three pods on each, a client outside',
    () => openLab(PREFIX),
  );
  const manifests = copyManifests(directoryOf(PREFIX));
  const agents = await step(`Starting fairway on both nodes, mode ${mode}`, async () => {
    const started = NODES.map(({ name }) =>
      startAgent(...agentCommand(lab, mode, name, manifests)),
    );
    await syncedSince(lab, started, [0, 0]);
    return started;
  });
  return { lab, manifests, agents };
}

function agentCommand(
  lab: Lab,
  mode: string,
  node: string,
  manifests: string,
): Parameters<typeof startAgent> {
  const args = [
    `--proxy-mode=${mode}`,
    `--manifests=${manifests}`,
    `--hostname-override=${node}`,
    `--cluster-cidr=${CLUSTER_CIDR}`,
  ];
  return [lab.namespace(node), args, join(directoryOf(PREFIX), `${node}.log`)];
}

/** What each agent has written so far, in operations; 0 while it does not answer yet. */
function written(lab: Lab): Promise<readonly number[]> {
  return Promise.all(
    NODES.map(async ({ name }) => {
      const response = await lab
        .speaker(name)
        .fetch(METRICS)
        .catch(() => undefined);
      return Number(/^fairway_sync_operations_total (\d+)/m.exec(response?.body ?? '')?.[1] ?? 0);
    }),
  );
}

/** Resolves when every agent has ended a sync that wrote something since `before`. */
async function syncedSince(
  lab: Lab,
  agents: readonly AgentProcess[],
  before: readonly number[],
): Promise<void> {
  for (const [index, agent] of agents.entries()) {
    await waitUntil(agent, 'synced', async () => {
      const now = await written(lab);
      return (now[index] ?? 0) > (before[index] ?? 0);
    });
  }
}

/** Tell one chapter; how many of its flows went otherwise than expected. */
async function tell(chapter: Chapter, story: Story, cluster: Cluster): Promise<number> {
  const { lab, manifests, agents } = cluster;
  const { title, file, becomes } = chapter;
  const edit = becomes === undefined ? file : `${file} is replaced while the agents run`;
  console.log(`\n  ${colors.cyan(title)} ${colors.dim(`(${edit})`)}`);
  if (becomes !== undefined) {
    const before = await written(lab);
    editManifest(manifests, chapter);
    await syncedSince(lab, agents, before);
  }
  let failed = 0;
  for (const flow of chapter.flows) {
    for (const sent of await sendFlows(lab, [flow], story.addresses, new Map())) {
      console.log(row(sent, story.addresses));
      if (sent.problems.length === 0) continue;
      failed += 1;
      console.log(complaint(sent));
    }
  }
  return failed;
}

/** What to try by hand in a cluster that stays up. */
function advice(manifests: string): string {
  const inside = (member: string): string => `ip netns exec ${PREFIX}-${member}`;
  return `
The cluster is still up. As root, a pod asks the Service web, and the client its NodePort:

  ${inside('pod1a')} curl -s 10.96.0.10
  ${inside('client')} curl -s 192.0.2.11:30080

The rules, flows, metrics and health of node1:

  ${inside('node1')} iptables-save | grep KUBE
  ${inside('node1')} conntrack -L
  ${inside('node1')} curl -s localhost:10249/metrics | grep fairway_
  ${inside('node1')} curl -s localhost:10256/healthz

The agents watch ${manifests}: edit a file and see the answers change.
They log into ${join(directoryOf(PREFIX), 'node1.log')} and node2.log.
Take it down with: scripts/demo --down`;
}

async function main({ mode, keep }: Options): Promise<number> {
  const start = performance.now();
  const story = readStory();
  const cluster = await build(mode);
  console.log('The agents watch copies of the files in scripts/demo-cluster/manifests.');
  console.log(`\n${header()}`);
  let failed = 0;
  for (const chapter of story.chapters) failed += await tell(chapter, story, cluster);
  const seconds = ((performance.now() - start) / 1000).toFixed(0);
  const verdict = failed === 0 ? 'Everything was as expected' : `${String(failed)} rows FAILED`;
  console.log(`\n${colors.bold(verdict)}, after ${seconds} s.`);
  if (keep) {
    await cluster.lab.leaveRunning();
    console.log(advice(cluster.manifests));
  } else {
    await step('Taking everything down', async () => {
      await Promise.resolve(cluster.lab.close());
    });
  }
  return failed === 0 ? 0 : 1;
}

try {
  const options = readOptions();
  if (options.down) {
    takeDown(PREFIX);
    console.log('The cluster is down.');
  } else {
    process.exitCode = await main(options);
  }
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
