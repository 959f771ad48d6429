/** Servers, probes and Services of a comparison, in a namespace of their own. */
import { z } from 'zod';
import { TOKEN_HEADER } from '../load/probe.ts';
import type { ServiceName } from '../measure/ground.ts';
import { probeOver } from '../measure/probe.ts';
import type { Probe } from '../measure/probe.ts';
import type { ServePorts } from '../servers/ports.ts';
import type { Api, Json } from './api.ts';
import { namespaceObject, podObject, PROBE_PORT } from './objects.ts';
import { otherService, serviceObject, sliceObject } from './objects.ts';
import type { Server } from './objects.ts';
import { settled } from './settle.ts';

/** Two nodes are enough: what is near, and what is far. */
export interface DeploymentOptions {
  readonly namespace: string;
  readonly nodes: readonly string[];
  readonly image: string;
  readonly token: string;
  /** What is to be put back, see `restoreFrom`; noted on the namespace. */
  readonly restoring: string;
  readonly signal: AbortSignal;
  readonly pauseMs: number;
}

export interface Deployment {
  /** By the name of the pod that serves: `server-NODE-0`. */
  readonly servers: ReadonlyMap<string, Server>;
  /** In a pod of that node, or on its host. */
  probe(node: string, kind: 'pod' | 'host'): Probe;
  clusterIp(service: ServiceName): string;
  nodePort(service: ServiceName, port: keyof ServePorts): number;
  /** These stand behind the Service, in a slice of its own for each suffix; none for no servers. */
  putSlice(service: ServiceName, suffix: string, slice: SliceChange): Promise<void>;
  /** So many Services beside ours. */
  setOthers(count: number): Promise<void>;
}

export interface SliceChange {
  readonly servers: readonly Server[];
  readonly ports?: ServePorts;
}

const SERVICES: readonly ServiceName[] = ['near', 'spread', 'sticky', 'moving'];
const SERVERS_PER_NODE = 2;
/** An image may have to be pulled. */
const PATIENCE_MS = 180_000;
const AT_ONCE = 8;

export function serverName(node: string, index: number): string {
  return `server-${node}-${String(index)}`;
}

/** Resolves when all pods run; what was made until a failure stays for `remove`. */
export async function deploy(api: Api, options: DeploymentOptions): Promise<Deployment> {
  const { namespace, nodes, restoring } = options;
  const core = `/api/v1/namespaces/${namespace}`;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  await api.create('/api/v1/namespaces', namespaceObject(namespace, restoring));
  const pods = nodes.flatMap((node) => podsOf(node, options));
  for (const pod of pods) await api.create(`${core}/pods`, podObject(pod));
  const addresses = new Map<string, Server>();
  for (const { name, node } of pods) {
    addresses.set(name, { ip: await running(api, `${core}/pods/${name}`, options), node });
  }
  const services = new Map<ServiceName, MadeService>();
  for (const name of SERVICES) {
    const made = await api.create(`${core}/services`, serviceObject(name));
    services.set(name, madeServiceSchema.parse(made));
  }
  const present = new Set<string>();
  return {
    servers: new Map([...addresses].filter(([name]) => name.startsWith('server-'))),
    probe: (node, kind) => probeIn(api, `${core}/pods/${probeName(node, kind)}`, options.token),
    clusterIp: (service) => serviceNamed(services, service).spec.clusterIP,
    nodePort: (service, port) => {
      const { ports } = serviceNamed(services, service).spec;
      return ports.find(({ name }) => name === port)?.nodePort ?? 0;
    },
    async putSlice(service, suffix, { servers, ports }) {
      const name = `${service}-${suffix}`;
      if (servers.length === 0) {
        present.delete(name);
        await api.remove(`${slices}/${name}`);
        return;
      }
      const slice = sliceObject(service, suffix, servers, ports);
      if (present.has(name)) await api.patch(`${slices}/${name}`, endpointsOf(slice));
      else await api.create(slices, slice);
      present.add(name);
    },
    setOthers: others(api, namespace, [...addresses.values()]),
  };
}

function endpointsOf({ endpoints, ports }: Json): Json {
  return { endpoints, ports };
}

const madeServiceSchema = z.object({
  spec: z.object({
    clusterIP: z.string(),
    ports: z.array(z.object({ name: z.string(), nodePort: z.number() })),
  }),
});
type MadeService = z.infer<typeof madeServiceSchema>;

function serviceNamed(
  services: ReadonlyMap<ServiceName, MadeService>,
  name: ServiceName,
): MadeService {
  const service = services.get(name);
  if (service === undefined) throw new Error(`there is no Service ${name}`);
  return service;
}

function probeName(node: string, kind: 'pod' | 'host'): string {
  return `probe-${kind}-${node}`;
}

function podsOf(node: string, { image, token }: DeploymentOptions) {
  const common = { node, image, token };
  const listen = ['load', '--listen', `[::]:${String(PROBE_PORT)}`];
  const servers = Array.from({ length: SERVERS_PER_NODE }, (_, index) => {
    const name = serverName(node, index);
    return { ...common, name, args: ['serve', '--name', name] };
  });
  return [
    ...servers,
    { ...common, name: probeName(node, 'pod'), args: listen },
    { ...common, name: probeName(node, 'host'), args: listen, isHostNetwork: true },
  ];
}

const podSchema = z.object({
  status: z.object({
    phase: z.string().optional(),
    podIP: z.string().optional(),
    message: z.string().optional(),
    containerStatuses: z
      .array(
        z.object({
          state: z.object({ waiting: z.object({ reason: z.string().optional() }).optional() }),
        }),
      )
      .optional(),
  }),
});

/** The pod's address once it runs; rejects at once when it never will. */
function running(api: Api, path: string, { signal, pauseMs }: DeploymentOptions): Promise<string> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  let state = '';
  const look = async (): Promise<string | undefined> => {
    const { status } = podSchema.parse(await api.get(path));
    const [container] = status.containerStatuses ?? [];
    state = container?.state.waiting?.reason ?? status.phase ?? 'unknown';
    if (status.phase === 'Failed' || status.phase === 'Succeeded') {
      throw new Error(`pod ${name} has ended: ${status.message ?? state}; see kubectl logs`);
    }
    return status.phase === 'Running' ? status.podIP : undefined;
  };
  const waiting = { goal: `running: pod ${name}`, patienceMs: PATIENCE_MS, pauseMs, signal };
  return settled(look, waiting).catch((error: unknown) => {
    throw new Error(`${String(error)} (last seen: ${state})`, { cause: error });
  });
}

function probeIn(api: Api, pod: string, token: string): Probe {
  const proxy = `${pod}:${String(PROBE_PORT)}/proxy`;
  const headers = { 'content-type': 'application/json', [TOKEN_HEADER]: token };
  return probeOver((path, order) => api.exchange(`${proxy}${path}`, order, headers));
}

/** Made and removed some at a time, so that the API server has time for others. */
function others(
  api: Api,
  namespace: string,
  endpoints: readonly Server[],
): (count: number) => Promise<void> {
  const services = `/api/v1/namespaces/${namespace}/services`;
  const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
  let present = 0;
  async function add(index: number): Promise<void> {
    const name = `other-${String(index)}`;
    await api.create(services, otherService(index));
    await api.create(slices, sliceObject(name, '1', endpoints.slice(0, 3)));
  }
  async function remove(index: number): Promise<void> {
    const name = `other-${String(index)}`;
    await api.remove(`${slices}/${name}-1`);
    await api.remove(`${services}/${name}`);
  }
  return async (count) => {
    while (present !== count) {
      const isMore = count > present;
      const size = Math.min(AT_ONCE, Math.abs(count - present));
      const first = isMore ? present : present - size;
      const indices = Array.from({ length: size }, (_, index) => first + index);
      await Promise.all(indices.map(isMore ? add : remove));
      present = isMore ? present + size : first;
    }
  };
}

/** Remove everything; resolves when the namespace is gone. */
export async function removeNamespace(
  api: Api,
  namespace: string,
  { pauseMs, signal }: Pick<DeploymentOptions, 'pauseMs' | 'signal'>,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}`;
  await api.remove(path);
  const look = (): Promise<true | undefined> =>
    api.get(path).then(
      () => undefined,
      () => true,
    );
  await settled(look, { goal: `gone: ${namespace}`, patienceMs: PATIENCE_MS, pauseMs, signal });
}
