/**
 * The paths that traffic takes into a cluster, with real programs:
 *
 *   client ── HAProxy (layer 4, in `internet`) ── NodePort of node1 or node2
 *          ── nginx (Ingress, in pod1b and pod2b) ── ClusterIP ── app (pod1c, pod2c)
 *   pod1a  ── its own HAProxy (sidecar) ── app, past the node's Service rules
 */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Probe } from '../../src/compare/measure/probe.ts';
import { labAgents } from '../compare/agents.ts';
import type { LabAgents } from '../compare/agents.ts';
import { startLabApiServer } from '../compare/apiServer.ts';
import { nodeObject } from '../compare/objects.ts';
import type { KindedObject } from '../compare/objects.ts';
import { startLabProbe, startServer } from '../compare/processes.ts';
import type { LabServer } from '../compare/processes.ts';
import type { LabSubject } from '../compare/subjects.ts';
import type { Lab } from '../lab/lab.ts';
import { directoryOf } from '../lab/namespaces.ts';
import { runInside, runProgram } from '../lab/program.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { memberNamed, NODES } from '../lab/topology.ts';
import { balancerConfig, ingressConfig, sidecarConfig, SIDECAR_PORT } from './configs.ts';
import { BALANCER, BALANCER_PORT } from './configs.ts';
import { SERVICES, sliceObject } from './objects.ts';
import type { EndpointState } from './objects.ts';

export const INGRESS_PODS = ['pod1b', 'pod2b'] as const;
export const APP_PODS = ['pod1c', 'pod2c'] as const;
/** With the sidecar. */
const SIDECAR_POD = 'pod1a';

/** Why there can be no paths here; false where there can. */
export function whyNoPaths(): string | false {
  for (const [program, flag] of [
    ['haproxy', '-v'],
    ['nginx', '-v'],
  ] as const) {
    if (spawnSync(program, [flag]).error !== undefined) return `${program} is not installed`;
  }
  return false;
}

export interface PathsGround {
  readonly lab: Lab;
  /** Servers of the application; whoever rolls it out anew puts others in their place. */
  readonly apps: LabServer[];
  readonly client: Probe;
  /** Dials from the pod with the sidecar, and from an Ingress pod. */
  readonly sidecar: Probe;
  readonly ingress: Probe;
  /** Put this mode in force; resolves when a request comes through everything. */
  use(subject: LabSubject): Promise<void>;
  put(object: KindedObject): Promise<void>;
  /** What a proxy has logged of connections so far, a line each. */
  log(of: 'balancer' | 'sidecar' | 'pod1b' | 'pod2b'): readonly string[];
  close(): Promise<void>;
}

export function endpointOf(pod: string): EndpointState {
  const { addresses, node = '' } = memberNamed(pod);
  return { address: addresses[0], node };
}

/** Resolves when all proxies run; the lab stays the caller's to close. */
export async function openPaths(lab: Lab): Promise<PathsGround> {
  const apps = await Promise.all(APP_PODS.map((pod) => startServer(lab, pod)));
  const apiServers = await Promise.all(NODES.map(({ name }) => startLabApiServer(lab, name, 0)));
  async function put(object: KindedObject): Promise<void> {
    await Promise.all(apiServers.map((server) => server.put(object)));
  }
  for (const { name } of NODES) await put(nodeObject(name));
  for (const service of SERVICES) await put(service);
  await put(sliceObject('web', INGRESS_PODS.map(endpointOf)));
  await put(sliceObject('app', APP_PODS.map(endpointOf)));
  for (const pod of INGRESS_PODS) startIngress(lab, pod);
  // The lab's internet answers the client by way of node1, as half a connection is INVALID there; the
  // balancer has whole ones, and must not need a node for them.
  const back = memberNamed('client').addresses[0];
  await runProgram('ip', ['-n', lab.namespace('internet'), 'route', 'del', back]);
  startHaproxy(lab, 'internet', 'balancer', balancerConfig());
  startHaproxy(lab, SIDECAR_POD, 'sidecar', sidecarConfig(APP_PODS));
  const redirect = ['-p', 'tcp', '-d', '10.96.0.0/16', '--dport', '80', '-j', 'REDIRECT'];
  const rule = ['-t', 'nat', '-A', 'OUTPUT', ...redirect, '--to-ports', String(SIDECAR_PORT)];
  await runInside(lab.namespace(SIDECAR_POD), ['iptables-nft', ...rule]);
  const [client, sidecar, ingress] = await Promise.all(
    ['client', SIDECAR_POD, INGRESS_PODS[0]].map((member) => startLabProbe(lab, member)),
  );
  if (!client || !sidecar || !ingress) throw new Error('expected three probes');
  const agents = labAgents(lab);
  const kubeconfigs = apiServers.map(({ kubeconfig }) => kubeconfig);
  return {
    ...{ lab, apps, client, sidecar, ingress, put },
    use: (subject) => use(subject, { agents, kubeconfigs, client }),
    log: (of) => readLines(fileOf(lab, of)),
    close: async () => {
      await agents.stop();
      await Promise.all(apiServers.map((server) => server.stop()));
    },
  };
}

interface InForce {
  readonly agents: LabAgents;
  readonly kubeconfigs: readonly string[];
  readonly client: Probe;
}

const PATIENCE_MS = 30_000 * SLOWNESS;

async function use(subject: LabSubject, { agents, kubeconfigs, client }: InForce): Promise<void> {
  await agents.stop();
  agents.start(subject, kubeconfigs);
  const deadline = performance.now() + PATIENCE_MS;
  // As often in a row as there are nodes: the balancer takes turns.
  let answered = 0;
  while (answered < 2 * NODES.length) {
    if (performance.now() > deadline) throw new Error(`${subject.title}: no way through`);
    agents.assertRunning();
    answered = (await isAnswered(client)) ? answered + 1 : 0;
    if (answered === 0) await wait(50);
  }
}

/** One request through the balancer. */
async function isAnswered(client: Probe): Promise<boolean> {
  const targets = [`${BALANCER}:${String(BALANCER_PORT)}`];
  const order = { kind: 'connect', targets, rate: 20, seconds: 0.05, isHttp: true } as const;
  const { result } = await client.run({ ...order, timeoutMs: 2000 });
  return result.kind === 'connect' && Object.keys(result.servers).length === 1;
}

function fileOf(lab: Lab, of: string): string {
  const folder = join(directoryOf(lab.prefix), of);
  return of.startsWith('pod') ? join(folder, 'access.log') : `${folder}.log`;
}

function readLines(file: string): readonly string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(' | '));
}

function startHaproxy(lab: Lab, member: string, name: string, config: string): void {
  const file = join(directoryOf(lab.prefix), `${name}.cfg`);
  writeFileSync(file, config);
  // It ends with its namespace.
  const command = `exec haproxy -db -f "$1" >"$2" 2>&1`;
  const args = ['netns', 'exec', lab.namespace(member), 'sh', '-c', command, 'sh', file];
  spawn('ip', [...args, fileOf(lab, name)], { stdio: 'ignore' }).unref();
}

function startIngress(lab: Lab, pod: string): void {
  const folder = join(directoryOf(lab.prefix), pod);
  mkdirSync(folder);
  // Its worker is no root.
  chmodSync(folder, 0o777);
  const file = join(folder, 'nginx.conf');
  writeFileSync(file, ingressConfig(folder));
  const command = ['nginx', '-p', folder, '-c', file, '-e', join(folder, 'error.log')];
  const args = ['netns', 'exec', lab.namespace(pod), ...command];
  spawn('ip', args, { stdio: ['ignore', 'ignore', 'inherit'] }).unref();
}
