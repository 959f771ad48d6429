/**
 * A cluster for the orchestration to work on: an API server with what it uses of one, two nodes in
 * network namespaces with real agents, pods as processes. Agents follow a ConfigMap.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Json } from '../../../src/compare/cluster/api.ts';
import type { Kind } from '../../../src/watch/source.ts';
import { openLab } from '../../lab/lab.ts';
import { NODES } from '../../lab/topology.ts';
import type { FakeObject } from '../../support/fakeApiServerStore.ts';
import { startLabApiServer } from '../apiServer.ts';
import type { LabApiServer } from '../apiServer.ts';
import { nodeObject } from '../objects.ts';
import { followingAgents } from './followingAgents.ts';
import { kubelet } from './kubelet.ts';
import type { Answered, Kubelet } from './kubelet.ts';
import { fieldsOf, pathStore } from './store.ts';
import type { PathStore } from './store.ts';

export const CONFIG_PATH = '/api/v1/namespaces/kube-system/configmaps/fairway-mode-abc';
export const CONFIG_TEXT = [
  '# The mode.',
  'apiVersion: fairway.dev/v1alpha1',
  'kind: FairwayConfiguration',
  'mode: iptables',
  '',
].join('\n');

export interface FakeCluster {
  readonly url: string;
  readonly store: PathStore;
  readonly pods: Kubelet;
  /** `METHOD path` of each request that changes something. */
  readonly writes: readonly string[];
  /** Every request of this method whose path matches is refused from now on. */
  refuse(method: string, path: RegExp): void;
  /** Which mode the agents say they are in. */
  mode(): Promise<string>;
  close(): Promise<void>;
}

/** Resolves when all of it is started. */
export async function openFakeCluster(prefix: string): Promise<FakeCluster> {
  const lab = await openLab(prefix);
  const apiServers = await Promise.all(NODES.map(({ name }) => startLabApiServer(lab, name, 0)));
  for (const { name } of NODES) {
    await Promise.all(apiServers.map((server) => server.put(nodeObject(name))));
  }
  const store = pathStore();
  for (const [path, object] of present()) store.put(path, object);
  const pods = kubelet(lab);
  const agents = followingAgents(lab, apiServers, CONFIG_TEXT);
  const refused: { method: string; path: RegExp }[] = [];
  const writes: string[] = [];
  const cluster = { store, pods, agents, apiServers, allocated: { count: 0 } };
  const server = createServer((request, response) => {
    const { method = 'GET', url = '' } = request;
    if (method !== 'GET' && !url.includes('/proxy/')) writes.push(`${method} ${url}`);
    const isRefused = refused.some((each) => each.method === method && each.path.test(url));
    const answering = isRefused ? forbidden() : answer(cluster, request);
    answering.then(
      ({ status, body }) => response.writeHead(status).end(body),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    ...{ store, pods, writes },
    refuse: (method, path) => {
      refused.push({ method, path });
    },
    mode: agents.mode,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await agents.stop();
      lab.close();
    },
  };
}

/** What is there from the beginning. */
function present(): readonly (readonly [string, Json])[] {
  const nodes = NODES.map(({ name }) => {
    const [, object] = nodeObject(name);
    const nodeInfo = { kernelVersion: '6.1.0' };
    const status = { ...fieldsOf(object['status']), nodeInfo, capacity: { cpu: '2' } };
    return [`/api/v1/nodes/${name}`, { ...object, status }] as const;
  });
  const sources = [{ configMap: { name: 'fairway' } }, { configMap: { name: 'fairway-mode-abc' } }];
  const spec = {
    containers: [{ image: 'registry.example/fairway:1' }],
    volumes: [
      { name: 'config', projected: { sources } },
      { name: 'lock', hostPath: {} },
    ],
  };
  const labels = { 'app.kubernetes.io/name': 'fairway' };
  return [
    ...nodes,
    [
      CONFIG_PATH,
      { metadata: { name: 'fairway-mode-abc' }, data: { 'fairway.yaml': CONFIG_TEXT } },
    ],
    [
      '/api/v1/namespaces/kube-system/configmaps/fairway',
      { metadata: { name: 'fairway' }, data: { 'config.yaml': 'kind: KubeProxyConfiguration\n' } },
    ],
    [
      '/apis/apps/v1/namespaces/kube-system/daemonsets/fairway',
      { metadata: { name: 'fairway', labels }, spec: { template: { spec } } },
    ],
  ];
}

interface State {
  readonly store: PathStore;
  readonly pods: Kubelet;
  readonly agents: ReturnType<typeof followingAgents>;
  readonly apiServers: readonly LabApiServer[];
  readonly allocated: { count: number };
}

function status(code: number, reason: string): Answered {
  const body = { kind: 'Status', status: 'Failure', reason, message: reason };
  return { status: code, body: JSON.stringify(body) };
}

function forbidden(): Promise<Answered> {
  return Promise.resolve(status(403, 'Forbidden'));
}

function found(object: unknown): Answered {
  return object === undefined
    ? status(404, 'NotFound')
    : { status: 200, body: JSON.stringify(object) };
}

async function answer(state: State, request: IncomingMessage): Promise<Answered> {
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://fake');
  const [, pod, path] = /\/pods\/([\w.-]+):17070\/proxy(\/.*)$/.exec(pathname) ?? [];
  if (pod !== undefined && path !== undefined) return state.pods.proxy(pod, path, request);
  const label = searchParams.get('labelSelector') ?? undefined;
  const verbs: Readonly<Record<string, () => Answered | Promise<Answered>>> = {
    GET: () => get(state, pathname, label),
    POST: async () => create(state, pathname, await bodyOf(request)),
    PATCH: async () => patch(state, pathname, await bodyOf(request)),
    DELETE: () => remove(state, pathname),
  };
  return verbs[String(request.method)]?.() ?? status(405, 'MethodNotAllowed');
}

async function bodyOf(request: IncomingMessage): Promise<Json> {
  return fieldsOf(JSON.parse(await text(request)));
}

const COLLECTION = /\/(?:nodes|namespaces|pods|services|endpointslices|configmaps|daemonsets)$/;

function get({ store }: State, path: string, label: string | undefined): Answered {
  if (COLLECTION.test(path)) return found({ items: store.list(path, label) });
  return found(store.get(path));
}

async function create(state: State, collection: string, given: Json): Promise<Answered> {
  const name = String(fieldsOf(given['metadata'])['name']);
  const path = `${collection}/${name}`;
  if (state.store.get(path) !== undefined) return status(409, 'AlreadyExists');
  const object = given['kind'] === 'Service' ? allocate(state, given) : given;
  state.store.put(path, object);
  await mirror(state, path);
  if (object['kind'] === 'Pod') {
    // As a real one would do in its own time; whoever asks meanwhile finds it pending.
    void state.pods.run(object).then((podIP) => {
      state.store.patch(path, { status: { phase: 'Running', podIP } });
    });
    state.store.patch(path, { status: { phase: 'Pending' } });
  }
  return { status: 201, body: JSON.stringify(state.store.get(path)) };
}

/** A ClusterIP, and NodePorts where those are wanted. */
function allocate({ allocated }: State, service: Json): Json {
  allocated.count += 1;
  const clusterIP = `10.96.240.${String(allocated.count)}`;
  const spec = fieldsOf(service['spec']);
  const ports: unknown[] = Array.isArray(spec['ports']) ? spec['ports'] : [];
  const given = ports.map((port, index) => {
    const nodePort = 31_000 + allocated.count * 10 + index;
    return spec['type'] === 'NodePort' ? { ...fieldsOf(port), nodePort } : port;
  });
  return { ...service, spec: { ...spec, clusterIP, clusterIPs: [clusterIP], ports: given } };
}

async function patch(state: State, path: string, change: Json): Promise<Answered> {
  const object = state.store.patch(path, change);
  await mirror(state, path);
  if (path === CONFIG_PATH) {
    const { 'fairway.yaml': config } = fieldsOf(object?.['data']);
    // Agents follow in their own time.
    state.agents.follow(String(config));
  }
  return found(object);
}

async function remove(state: State, path: string): Promise<Answered> {
  const gone = state.store.remove(path);
  if (gone.length === 0) return status(404, 'NotFound');
  for (const each of gone) {
    const [, namespace = '', kind = '', name = ''] =
      /\/namespaces\/([^/]+)\/(\w+)\/([^/]+)$/.exec(each) ?? [];
    if (kind === 'pods') await state.pods.end(name);
    const watched = KINDS[kind];
    if (watched === undefined) continue;
    const removed = [watched, `${namespace}/${name}`] as const;
    await Promise.all(state.apiServers.map((server) => server.remove(removed)));
  }
  return { status: 200, body: '{}' };
}

const KINDS: Readonly<Record<string, Kind>> = {
  services: 'Service',
  endpointslices: 'EndpointSlice',
};

/** What agents watch, they are told. */
async function mirror({ store, apiServers }: State, path: string): Promise<void> {
  const [, namespace = '', kind = ''] = /\/namespaces\/([^/]+)\/(\w+)\/[^/]+$/.exec(path) ?? [];
  const watched = KINDS[kind];
  const object = store.get(path);
  if (watched === undefined || object === undefined) return;
  const metadata = { ...fieldsOf(object['metadata']), namespace };
  const full = { ...object, metadata } as unknown as FakeObject;
  await Promise.all(apiServers.map((server) => server.put([watched, full])));
}
