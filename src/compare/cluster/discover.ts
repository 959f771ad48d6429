/** What is there before anything is changed: agents, nodes, configuration. */
import { z } from 'zod';
import type { Api } from './api.ts';
import { LABELS, RESTORE_ANNOTATION } from './objects.ts';

const metadata = z.object({
  name: z.string(),
  annotations: z.record(z.string(), z.string()).optional(),
});
function listOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item) });
}

const configMapRef = z.object({ name: z.string() }).optional();
const volumeSchema = z.object({
  configMap: configMapRef,
  projected: z.object({ sources: z.array(z.object({ configMap: configMapRef })) }).optional(),
});
const daemonSetSchema = z.object({
  metadata,
  spec: z.object({
    template: z.object({
      spec: z.object({
        containers: z.array(z.object({ image: z.string() })).min(1),
        volumes: z.array(volumeSchema).optional(),
      }),
    }),
  }),
});
const nodeSchema = z.object({
  metadata,
  status: z.object({
    addresses: z.array(z.object({ type: z.string(), address: z.string() })).optional(),
    nodeInfo: z.object({ kernelVersion: z.string() }).optional(),
    capacity: z.record(z.string(), z.string()).optional(),
  }),
});

export interface AgentDaemonSet {
  readonly name: string;
  readonly image: string;
  /** Those that its pods mount. */
  readonly configMaps: readonly string[];
}

/** Throws where there is none, or more than one that could be meant. */
export async function findDaemonSet(
  api: Api,
  namespace: string,
  selector: string,
): Promise<AgentDaemonSet> {
  const query = `labelSelector=${encodeURIComponent(selector)}`;
  const path = `/apis/apps/v1/namespaces/${namespace}/daemonsets?${query}`;
  const { items } = listOf(daemonSetSchema).parse(await api.get(path));
  const [only, ...others] = items;
  if (only === undefined || others.length > 0) {
    const names = items.map((item) => item.metadata.name).join(', ') || 'none';
    throw new Error(
      `expected one DaemonSet in ${namespace} with the label ${selector}, found ${names}`,
    );
  }
  const { containers, volumes = [] } = only.spec.template.spec;
  const configMaps = volumes.flatMap(({ configMap, projected }) =>
    [configMap, ...(projected?.sources ?? []).map((source) => source.configMap)].flatMap((each) =>
      each === undefined ? [] : [each.name],
    ),
  );
  return { name: only.metadata.name, image: containers[0]?.image ?? '', configMaps };
}

export interface ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly kernel: string;
  readonly cores: number;
}

/** In the order of `names`, or all in the API's order without. Throws for one that is not there. */
export async function findNodes(
  api: Api,
  names: readonly string[] | undefined,
): Promise<readonly ClusterNode[]> {
  const { items } = listOf(nodeSchema).parse(await api.get('/api/v1/nodes'));
  const nodes = items.map(({ metadata: { name }, status }) => ({
    name,
    address: status.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? '',
    kernel: status.nodeInfo?.kernelVersion ?? 'unknown',
    cores: Number(status.capacity?.['cpu'] ?? NaN),
  }));
  if (names === undefined) return nodes;
  return names.map((name) => {
    const node = nodes.find((each) => each.name === name);
    if (node !== undefined) return node;
    const known = nodes.map((each) => each.name).join(', ');
    throw new Error(`--nodes: expected of ${known}, found ${name}`);
  });
}

export interface Leftover {
  readonly namespace: string;
  /** See `restoreFrom`. */
  readonly restoring: string | undefined;
}

/** Namespaces of comparisons that did not come to their end, or still run. */
export async function findLeftovers(api: Api): Promise<readonly Leftover[]> {
  const [label] = Object.entries(LABELS).map(([key, value]) => `${key}=${value}`);
  const query = `labelSelector=${encodeURIComponent(label ?? '')}`;
  const list = listOf(z.object({ metadata })).parse(await api.get(`/api/v1/namespaces?${query}`));
  return list.items.map((item) => ({
    namespace: item.metadata.name,
    restoring: item.metadata.annotations?.[RESTORE_ANNOTATION],
  }));
}
