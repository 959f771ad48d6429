/** The lab as a ground to compare on: two nodes in namespaces, pods, a client outside. */
import type { FigureValue, Ground, ServiceName } from '../../src/compare/measure/ground.ts';
import { untilAnswered } from '../../src/compare/measure/change.ts';
import type { Probe } from '../../src/compare/measure/probe.ts';
import type { About, Subject } from '../../src/compare/schema.ts';
import { DEFAULT_PORTS } from '../../src/compare/servers/ports.ts';
import type { ServePorts } from '../../src/compare/servers/ports.ts';
import type { Lab } from '../lab/lab.ts';
import { memberNamed, NODES } from '../lab/topology.ts';
import { labAgents } from './agents.ts';
import type { LabAgents } from './agents.ts';
import { startLabApiServer } from './apiServer.ts';
import type { LabApiServer } from './apiServer.ts';
import { labFaults } from './faults.ts';
import { CLUSTER_IPS, NEAR_SERVERS, nodePort, SERVERS, SERVICE_PORTS } from './objects.ts';
import { nodeObject, serviceObject, sliceObject } from './objects.ts';
import type { KindedObject } from './objects.ts';
import { startLabProbe, startServer } from './processes.ts';
import type { LabServer } from './processes.ts';
import { kernelState } from './state.ts';
import type { Available, LabSubject } from './subjects.ts';

/** Each path with whoever dials on it. */
export const LAB_PATHS = [
  { id: 'pod', title: 'ClusterIP, from a pod of the same node', from: 'pod1a' },
  { id: 'farPod', title: 'ClusterIP, from a pod of the other node', from: 'pod2a' },
  { id: 'host', title: 'ClusterIP, from the node itself', from: 'node1' },
  { id: 'outside', title: 'NodePort, from outside', from: 'client' },
] as const;

export interface LabGroundOptions {
  readonly about: About;
  readonly available: Available;
  /** Ids of LAB_PATHS. */
  readonly paths: readonly string[];
  /** Ids of labFaults. */
  readonly faults: readonly string[];
}

export interface LabGround extends Ground {
  close(): Promise<void>;
}

/** Resolves when servers and probes run; the lab stays the caller's to close. */
export async function openLabGround(lab: Lab, options: LabGroundOptions): Promise<LabGround> {
  const paths = LAB_PATHS.filter(({ id }) => options.paths.includes(id));
  const servers = new Map<string, LabServer>(
    await Promise.all(SERVERS.map(async (pod) => [pod, await startServer(lab, pod)] as const)),
  );
  const probes = new Map<string, Probe>(
    await Promise.all(
      paths.map(async ({ id, from }) => [id, await startLabProbe(lab, from)] as const),
    ),
  );
  const agents = labAgents(lab);
  const control = controlPlane(lab);
  function probe(path: string): Probe {
    const found = probes.get(path);
    if (found === undefined) throw new Error(`no path ${path}`);
    return found;
  }
  const { subjects, absent } = options.available;
  const view = { paths, probe, targets };
  const faults = labFaults({ lab, servers, put: control.put });
  return {
    about: options.about,
    ...{ subjects, absent, ...view },
    faults: faults.filter(({ id }) => options.faults.includes(id)),
    resize: async (services) => {
      await agents.stop();
      await control.restart(services);
    },
    use: (subject) => use(subject as LabSubject, { agents, control, view }),
    agentCpu: () => Promise.resolve(agents.cpu()),
    state: () => stateOf(lab, agents),
    move: control.move,
    close: async () => {
      await agents.stop();
      await control.stop();
    },
  };
}

interface ControlPlane {
  kubeconfigs(): readonly string[];
  put(object: KindedObject): Promise<void>;
  move(): Promise<string>;
  restart(services: number): Promise<void>;
  stop(): Promise<void>;
}

/** An API server for each node, as 127.0.0.1 of one is not that of the other; both have the same. */
function controlPlane(lab: Lab): ControlPlane {
  let apiServers: readonly LabApiServer[] = [];
  let moves = 0;
  async function put(object: KindedObject): Promise<void> {
    await Promise.all(apiServers.map((server) => server.put(object)));
  }
  async function stop(): Promise<void> {
    await Promise.all(apiServers.map((server) => server.stop()));
    apiServers = [];
  }
  return {
    kubeconfigs: () => apiServers.map(({ kubeconfig }) => kubeconfig),
    put,
    move: async () => {
      moves += 1;
      const server = SERVERS[moves % SERVERS.length] ?? '';
      await put(sliceObject('moving', [server]));
      return server;
    },
    restart: async (services) => {
      await stop();
      apiServers = await Promise.all(
        NODES.map(({ name }) => startLabApiServer(lab, name, services)),
      );
      for (const { name } of NODES) await put(nodeObject(name));
      for (const [service, pods] of ENDPOINTS) {
        await put(serviceObject(service));
        await put(sliceObject(service, pods));
      }
    },
    stop,
  };
}

const ENDPOINTS: readonly (readonly [ServiceName, readonly string[]])[] = [
  ['near', NEAR_SERVERS],
  ['spread', SERVERS],
  ['sticky', SERVERS],
  ['moving', SERVERS.slice(0, 1)],
];

interface InForce {
  readonly agents: LabAgents;
  readonly control: ControlPlane;
  readonly view: Pick<Ground, 'paths' | 'probe' | 'targets'>;
}

async function use(
  subject: LabSubject,
  { agents, control, view }: InForce,
): Promise<readonly FigureValue[]> {
  await agents.stop();
  if (subject.isBaseline) return [];
  const began = performance.now();
  agents.start(subject, control.kubeconfigs());
  const answered = await untilAnswered(view, subject, { service: 'near' });
  agents.assertRunning();
  // The other paths lead through the other node, too.
  for (const { id } of view.paths) {
    await untilAnswered({ ...view, paths: [{ id, title: '' }] }, subject, { service: 'moving' });
  }
  return [['start', answered - began]];
}

async function stateOf(lab: Lab, agents: LabAgents): Promise<readonly FigureValue[]> {
  const { rules, objects } = await kernelState(lab.namespace('node1'));
  return [
    ['memory', agents.memory()],
    ['rules', rules],
    ['objects', objects],
  ];
}

function targets(
  subject: Subject,
  path: string,
  { service, port }: { readonly service: ServiceName; readonly port: keyof ServePorts },
): readonly string[] {
  if (subject.isBaseline) {
    return NEAR_SERVERS.map(
      (pod) => `${memberNamed(pod).addresses[0]}:${String(DEFAULT_PORTS[port])}`,
    );
  }
  if (path !== 'outside') return [`${CLUSTER_IPS[service]}:${String(SERVICE_PORTS[port])}`];
  return [`${memberNamed('node1').addresses[0]}:${String(nodePort(service, port))}`];
}
