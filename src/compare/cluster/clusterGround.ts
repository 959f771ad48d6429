/** A real cluster as a ground to compare on. */
import { untilAnswered } from '../measure/change.ts';
import type { Fault, FigureValue, Ground, ServiceName } from '../measure/ground.ts';
import type { Probe } from '../measure/probe.ts';
import type { About, AgentCpu, Subject } from '../schema.ts';
import { DEFAULT_PORTS } from '../servers/ports.ts';
import type { ServePorts } from '../servers/ports.ts';
import { gauge } from './agentMetrics.ts';
import type { Deployment } from './deployment.ts';
import { serverName } from './deployment.ts';
import type { ClusterNode } from './discover.ts';
import type { ModeConfig } from './modeConfig.ts';
import { SERVICE_PORTS } from './objects.ts';
import type { Server } from './objects.ts';
import { settled } from './settle.ts';

export interface ClusterGroundOptions {
  readonly about: About;
  readonly modes: readonly string[];
  /** The near one and the far one. */
  readonly nodes: readonly [ClusterNode, ClusterNode];
  readonly deployment: Deployment;
  readonly config: ModeConfig;
  readonly signal: AbortSignal;
  readonly pauseMs: number;
  /** How long agents may take to follow their configuration. */
  readonly patienceMs: number;
}

const METRICS_PORT = 10_249;
const HEALTH_PORT = 10_256;

const PATHS = [
  { id: 'pod', title: 'ClusterIP, from a pod of the same node' },
  { id: 'farPod', title: 'ClusterIP, from a pod of another node' },
  { id: 'host', title: 'ClusterIP, from the node itself' },
  { id: 'outside', title: 'NodePort, from another node' },
] as const;

const DIRECT: Subject = { id: 'direct', title: 'direct', isBaseline: true };

export async function clusterGround(options: ClusterGroundOptions): Promise<Ground> {
  const { about, modes, nodes, deployment, config } = options;
  const [near, far] = nodes;
  const servers = [...deployment.servers.values()];
  const nearServers = servers.filter(({ node }) => node === near.name);
  const probes: Readonly<Record<string, Probe>> = {
    pod: deployment.probe(near.name, 'pod'),
    farPod: deployment.probe(far.name, 'pod'),
    host: deployment.probe(near.name, 'host'),
    outside: deployment.probe(far.name, 'host'),
  };
  function probe(path: string): Probe {
    const found = probes[path];
    if (found === undefined) throw new Error(`no path ${path}`);
    return found;
  }
  await deployment.putSlice('near', '1', { servers: nearServers });
  await deployment.putSlice('spread', '1', { servers });
  await deployment.putSlice('sticky', '1', { servers });
  await deployment.putSlice('moving', '1', { servers: servers.slice(0, 1) });
  const hosts = nodes.map(({ name }) => deployment.probe(name, 'host'));
  const targets = targetsOf(deployment, near, nearServers);
  const view = { paths: PATHS, probe, targets };
  let moves = 0;
  return {
    about,
    subjects: [DIRECT, ...modes.map((id) => ({ id, title: id, isBaseline: false }))],
    absent: [],
    ...view,
    faults: clusterFaults(deployment, servers),
    resize: deployment.setOthers,
    use: async (subject) => {
      options.signal.throwIfAborted();
      if (subject.isBaseline) return [];
      await config.set(subject.id);
      await followed(hosts, subject.id, options);
      for (const path of PATHS) {
        await untilAnswered({ ...view, paths: [path] }, subject, { service: 'moving' });
      }
      return [];
    },
    agentCpu: () => agentCpu(hosts),
    state: () => stateOf(hosts),
    move: async () => {
      moves += 1;
      const name = serverName(near.name, moves % 2);
      const server = deployment.servers.get(name);
      if (server === undefined) throw new Error(`there is no ${name}`);
      await deployment.putSlice('moving', '1', { servers: [server] });
      return name;
    },
  };
}

/** Until every agent says that it is in this mode, and ready. */
export async function followed(
  hosts: readonly Probe[],
  mode: string,
  { signal, pauseMs, patienceMs }: Pick<ClusterGroundOptions, 'signal' | 'pauseMs' | 'patienceMs'>,
): Promise<void> {
  const look = async (): Promise<true | undefined> => {
    const states = await Promise.all(hosts.map((host) => isInMode(host, mode)));
    return states.every(Boolean) ? true : undefined;
  };
  const goal = `in ${mode} mode and ready on all nodes: do the agents follow their configuration, and do their pods have what this mode needs? (their logs tell)`;
  await settled(look, { goal, patienceMs, pauseMs, signal });
}

async function isInMode(host: Probe, mode: string): Promise<boolean> {
  // A restarting agent refuses for a moment.
  const [said, ready] = await Promise.all([
    host.fetch({ port: METRICS_PORT, path: '/proxyMode' }).catch(() => undefined),
    host.fetch({ port: HEALTH_PORT, path: '/readyz' }).catch(() => undefined),
  ]);
  return said?.body === mode && ready?.status === 200;
}

/** The mode that all agents say they are in; rejects when they stay of several minds, or silent. */
export function presentMode(
  hosts: readonly Probe[],
  { signal, pauseMs, patienceMs }: Pick<ClusterGroundOptions, 'signal' | 'pauseMs' | 'patienceMs'>,
): Promise<string> {
  const look = async (): Promise<string | undefined> => {
    const answers = await Promise.all(
      hosts.map((host) =>
        host.fetch({ port: METRICS_PORT, path: '/proxyMode' }).catch(() => undefined),
      ),
    );
    const [mode, ...others] = new Set(answers.map((answer) => answer?.body));
    return others.length === 0 ? mode : undefined;
  };
  const goal = `in one mode, all agents: does port ${String(METRICS_PORT)} of 127.0.0.1 answer?`;
  return settled(look, { goal, patienceMs, pauseMs, signal });
}

function targetsOf(
  deployment: Deployment,
  near: ClusterNode,
  nearServers: readonly Server[],
): Ground['targets'] {
  return (subject, path, { service, port }) => {
    if (subject.isBaseline) {
      return nearServers.map(({ ip }) => written(ip, DEFAULT_PORTS[port]));
    }
    return [
      path === 'outside'
        ? written(near.address, deployment.nodePort(service, port))
        : written(deployment.clusterIp(service), SERVICE_PORTS[port]),
    ];
  };
}

function written(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${String(port)}` : `${address}:${String(port)}`;
}

async function metricsOf(host: Probe): Promise<string> {
  return (await host.fetch({ port: METRICS_PORT, path: '/metrics' })).body;
}

async function agentCpu(hosts: readonly Probe[]): Promise<AgentCpu> {
  const texts = await Promise.all(hosts.map(metricsOf));
  function total(name: string): number {
    const sum = texts.reduce((seconds, text) => seconds + gauge(text, name), 0);
    if (Number.isNaN(sum)) throw new Error(`the agents’ /metrics tell no ${name}`);
    return sum;
  }
  return {
    agent: total('process_cpu_seconds_total'),
    tools: total('fairway_tools_cpu_seconds_total'),
  };
}

async function stateOf(hosts: readonly Probe[]): Promise<readonly FigureValue[]> {
  const texts = await Promise.all(hosts.map(metricsOf));
  const memory = texts.map((text) => gauge(text, 'process_resident_memory_bytes') / 1e6);
  const rules = gauge(texts[0] ?? '', 'kubeproxy_sync_proxy_rules_iptables_total');
  const figures: readonly FigureValue[] = [
    ['memory', Math.max(...memory)],
    ['rules', rules],
  ];
  return figures.filter(([, value]) => Number.isFinite(value));
}

/** An address that no network has (RFC 5737): what is sent there is answered by nobody. */
const NOBODY = '192.0.2.1';
/** Nobody serves there. */
const REFUSING_PORTS: ServePorts = { http: 9, tcp: 9, bulk: 9, udp: 9 };
const NOTICED_AFTER_MS = 2000;

/**
 * What can break without breaking anything of the cluster's: an endpoint more, which is wrong. Nodes
 * are not cut off and nobody's pods are killed.
 */
function clusterFaults(deployment: Deployment, servers: readonly Server[]): readonly Fault[] {
  const [first] = servers;
  const node = first?.node ?? '';
  function fault(id: string, title: string, slice: Parameters<Deployment['putSlice']>[2]): Fault {
    const service: ServiceName = 'spread';
    const remove = (): Promise<void> => deployment.putSlice(service, 'bad', { servers: [] });
    return {
      ...{ id, title, noticedAfterMs: NOTICED_AFTER_MS },
      strike: () => deployment.putSlice(service, 'bad', slice),
      notice: remove,
      heal: remove,
    };
  }
  return [
    fault('refusing', 'an endpoint refuses', {
      servers: [{ ip: first?.ip ?? NOBODY, node }],
      ports: REFUSING_PORTS,
    }),
    fault('silent', 'an endpoint accepts nothing', { servers: [{ ip: NOBODY, node }] }),
  ];
}
