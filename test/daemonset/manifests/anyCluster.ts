/**
 * As much of an API server as `kubectl apply` and `kubectl delete` need: it knows the kinds that it
 * is given, keeps whatever objects come, and patches them as Kubernetes does. What a real one would
 * refuse, schemas.ts finds.
 */
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import type { Manifest } from './render.ts';
import { mergeStrategically } from './strategicMerge.ts';

export interface AnyCluster {
  readonly url: string;
  /** By path. */
  readonly objects: ReadonlyMap<string, Manifest>;
  /** Requests that changed something since the last call, as `PATCH DaemonSet fairway`. */
  takeWrites(): readonly string[];
  close(): void;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const CLUSTER_WIDE = new Set(['Namespace', 'ClusterRole', 'ClusterRoleBinding']);

/** The name of a kind in paths. */
function plural(kind: string): string {
  return `${kind.toLowerCase()}s`;
}

/** Starts on a free port of 127.0.0.1, with these objects' kinds. */
export async function startAnyCluster(kinds: readonly Manifest[]): Promise<AnyCluster> {
  const objects = new Map<string, Manifest>();
  const discovery = describeKinds(kinds);
  let writes: string[] = [];

  function change(method: string, path: string, body: string): Answer {
    const before = objects.get(path);
    if (method === 'POST') {
      const created = JSON.parse(body) as Manifest;
      writes.push(`POST ${created.kind} ${created.metadata.name}`);
      const at = `${path}/${created.metadata.name}`;
      objects.set(at, withUid(created));
      return { status: 201, body: objects.get(at) ?? {} };
    }
    if (before === undefined) return NOT_FOUND;
    writes.push(`${method} ${before.kind} ${before.metadata.name}`);
    if (method === 'DELETE') {
      objects.delete(path);
      return { status: 200, body: { kind: 'Status', apiVersion: 'v1', status: 'Success' } };
    }
    const after = mergeStrategically(before, JSON.parse(body)) as Manifest;
    objects.set(path, after);
    return { status: 200, body: after };
  }

  /** Those with that label, `name=value`. */
  function listed(path: string, label: string): object {
    const [name = '', value] = label.split('=');
    const within = [...objects].filter(([at]) => at.slice(0, at.lastIndexOf('/')) === path);
    const items = within
      .map(([, object]) => object)
      .filter(({ metadata }) => metadata.labels?.[name] === value);
    return { kind: 'List', apiVersion: 'v1', items };
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { method = 'GET', url = '/' } = request;
    const { pathname: path, searchParams } = new URL(url, 'http://cluster');
    if (method !== 'GET') return change(method, path, await text(request));
    const label = searchParams.get('labelSelector');
    if (label !== null) return { status: 200, body: listed(path, label) };
    const found = discovery.get(path) ?? objects.get(path);
    return found === undefined ? NOT_FOUND : { status: 200, body: found };
  }

  const server = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`,
    objects,
    takeWrites() {
      const taken = writes;
      writes = [];
      return taken;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

const NOT_FOUND: Answer = {
  status: 404,
  body: { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 },
};

function withUid(object: Manifest): Manifest {
  const uid = `uid-${object.kind}-${object.metadata.name}`;
  return { ...object, metadata: { ...object.metadata, uid } } as Manifest;
}

/** What an API server says of itself, by path. */
function describeKinds(kinds: readonly Manifest[]): ReadonlyMap<string, object> {
  const byVersion = Map.groupBy(kinds, ({ apiVersion }) => apiVersion);
  const versions = [...byVersion.keys()].filter((version) => version !== 'v1');
  const groups = versions.map((groupVersion) => {
    const [name, version] = groupVersion.split('/');
    return {
      name,
      versions: [{ groupVersion, version }],
      preferredVersion: { groupVersion, version },
    };
  });
  const lists = [...byVersion].map(([groupVersion, members]) => {
    const path = groupVersion === 'v1' ? '/api/v1' : `/apis/${groupVersion}`;
    const resources = [...new Set(members.map(({ kind }) => kind))].map((kind) => ({
      ...{ name: plural(kind), singularName: kind.toLowerCase(), kind },
      namespaced: !CLUSTER_WIDE.has(kind),
      verbs: ['create', 'delete', 'get', 'list', 'patch', 'update'],
    }));
    return [path, { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources }] as const;
  });
  return new Map<string, object>([
    ['/version', { major: '1', minor: '32', gitVersion: 'v1.32.0' }],
    ['/api', { kind: 'APIVersions', versions: ['v1'] }],
    ['/apis', { kind: 'APIGroupList', apiVersion: 'v1', groups }],
    ...lists,
  ]);
}
