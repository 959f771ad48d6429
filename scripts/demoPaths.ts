/** `scripts/demo paths`: one request through each way into the cluster, hop by hop, and their cost. */
import colors from 'picocolors';
import type { Probe } from '../src/compare/measure/probe.ts';
import { median } from '../src/compare/report/statistics.ts';
import { printTable } from '../src/compare/report/table.ts';
import { availableSubjects } from '../test/compare/subjects.ts';
import type { LabSubject } from '../test/compare/subjects.ts';
import { openLab } from '../test/lab/lab.ts';
import { uniquePrefix } from '../test/lab/namespaces.ts';
import { memberNamed } from '../test/lab/topology.ts';
import { APP_PORT, BALANCER, BALANCER_PORT, CLUSTER_IPS } from '../test/paths/configs.ts';
import { INGRESS_PORT, NODE_PORT } from '../test/paths/configs.ts';
import { carriedBy } from '../test/paths/counters.ts';
import { openPaths } from '../test/paths/ground.ts';
import type { PathsGround } from '../test/paths/ground.ts';

const SECONDS = 0.4;
const ROUNDS = 5;
const WIDTH = 108;

function at(member: string, port: number): string {
  return `${memberNamed(member).addresses[0]}:${String(port)}`;
}

/** One request by HTTP; the server's name and the client as that saw it. */
async function ask(probe: Probe, target: string): Promise<{ server: string; seenAs: string }> {
  const order = { targets: [target], rate: 20, seconds: 0.05, timeoutMs: 5000, isHttp: true };
  const { result } = await probe.run({ kind: 'connect', ...order });
  if (result.kind !== 'connect') throw new Error('expected an answer');
  return { server: keyOf(result.servers), seenAs: keyOf(result.seenAs) };
}

function keyOf(counts: Readonly<Record<string, number>>): string {
  return Object.keys(counts).join() || 'nobody';
}

function hop(text: string): void {
  console.log(`  ${text}`);
}

function rules(node: string, carried: readonly string[]): void {
  const told = carried.length === 0 ? [`no rule of ${node}`] : carried;
  for (const rule of told) console.log(colors.dim(`      ${node}: ${rule}`.slice(0, WIDTH)));
}

/** Of a proxy's log: client, where it was reached, its own end, whom it dialled. */
function parts(lines: readonly string[]): readonly string[] {
  return (lines.at(-1) ?? '').split(' | ');
}

async function throughBalancer(ground: PathsGround): Promise<void> {
  const { lab, client } = ground;
  console.log(`\n${colors.cyan('From outside: load balancer, NodePort, Ingress, ClusterIP')}`);
  let answer = { server: '', seenAs: '' };
  const counts = { pod1b: ground.log('pod1b').length, pod2b: ground.log('pod2b').length };
  let second: readonly string[] = [];
  const first = await carriedBy(lab.namespace('node1'), async () => {
    second = await carriedBy(lab.namespace('node2'), async () => {
      answer = await ask(client, `${BALANCER}:${String(BALANCER_PORT)}`);
    });
  });
  const pod = ground.log('pod1b').length > counts.pod1b ? 'pod1b' : 'pod2b';
  const [asked, frontend, own, chosen] = parts(ground.log('balancer'));
  const [seen, reached, upstream] = parts(ground.log(pod));
  hop(`client ${String(asked)} dials HAProxy at ${String(frontend)}`);
  hop(`HAProxy ${String(own)} dials ${String(chosen)}, whose health check node port says 200`);
  hop(`nginx in ${pod} is reached at ${String(reached)} by ${String(seen)}`);
  hop(`nginx dials the ClusterIP ${String(upstream)}`);
  hop(`${answer.server} answers, and saw ${answer.seenAs} as its client`);
  rules('node1', first);
  rules('node2', second);
}

async function throughSidecar(ground: PathsGround): Promise<void> {
  console.log(`\n${colors.cyan('From pod1a with a sidecar: the same ClusterIP')}`);
  let answer = { server: '', seenAs: '' };
  const carried = await carriedBy(ground.lab.namespace('node1'), async () => {
    answer = await ask(ground.sidecar, `${CLUSTER_IPS.app}:80`);
  });
  const [asked, dialled, own, chosen] = parts(ground.log('sidecar'));
  hop(`pod1a ${String(asked)} dials ${String(dialled)}; a rule of its own leads to its HAProxy`);
  hop(`its HAProxy ${String(own)} dials ${String(chosen)}, which it chose itself`);
  hop(`${answer.server} answers, and saw ${answer.seenAs} as its client`);
  rules('node1', carried);
}

interface Way {
  readonly name: string;
  readonly probe: Probe;
  readonly target: string;
}

/** Microseconds of a request over a connection that stays, one after the other. */
async function timeOf({ probe, target }: Way): Promise<number> {
  const { result } = await probe.run({
    ...{ kind: 'requests', targets: [target], seconds: SECONDS, atOnce: 1 },
  });
  return 'count' in result ? (result.seconds / result.count) * 1e6 : NaN;
}

async function costs(ground: PathsGround): Promise<void> {
  const { client, ingress, sidecar } = ground;
  const ways: readonly Way[] = [
    { name: 'pod1b to the app', probe: ingress, target: at('pod1c', APP_PORT) },
    { name: '… by its ClusterIP', probe: ingress, target: `${CLUSTER_IPS.app}:80` },
    { name: 'client to nginx in its pod', probe: client, target: at('pod1b', INGRESS_PORT) },
    { name: '… by the NodePort', probe: client, target: at('node1', NODE_PORT) },
    {
      name: '… by the load balancer',
      probe: client,
      target: `${BALANCER}:${String(BALANCER_PORT)}`,
    },
    { name: 'pod1a to the app', probe: sidecar, target: at('pod1c', APP_PORT) },
    { name: '… by its sidecar', probe: sidecar, target: `${CLUSTER_IPS.app}:80` },
  ];
  const times = ways.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, way] of ways.entries()) times[index]?.push(await timeOf(way));
  }
  const medians = times.map(median);
  const rows = ways.map(({ name }, index) => {
    const us = medians[index] ?? NaN;
    const adds = us - (medians[index - 1] ?? NaN);
    return [name, us.toFixed(0), name.startsWith('…') ? adds.toFixed(0) : ''];
  });
  console.log(
    `\n${printTable(['a request over a connection that stays', 'us', 'the hop adds'], rows)}`,
  );
}

async function main(mode: string | undefined): Promise<void> {
  const { subjects } = availableSubjects(mode === undefined ? ['iptables-nft'] : [mode]);
  const subject: LabSubject | undefined = subjects.find(({ isBaseline }) => !isBaseline);
  if (subject === undefined) throw new Error(`this kernel has not what ${String(mode)} mode needs`);
  console.log(
    `Building the cluster, a load balancer, an Ingress and a sidecar; mode ${subject.title}`,
  );
  const lab = await openLab(uniquePrefix('demo-paths'));
  try {
    const ground = await openPaths(lab);
    await ground.use(subject);
    await throughBalancer(ground);
    await throughSidecar(ground);
    await costs(ground);
    await ground.close();
  } finally {
    lab.close();
  }
}

try {
  await main(process.argv[2]);
  process.exit(0);
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
