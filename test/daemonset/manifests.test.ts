/** What the manifests name is what the code has, and nothing that it needs is missing. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { parseCommandLine } from '../../src/cli/program.ts';
import { readFairwayFile } from '../../src/config/fairwayFile.ts';
import { readKubeProxyFile } from '../../src/config/kubeProxyFile.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { FlagValues, Loaded } from '../../src/config/load.ts';
import { inCluster } from '../../src/watch/cluster.ts';
import { createEventSink } from '../../src/watch/events.ts';
import { resourceOf } from '../../src/watch/resources.ts';
import { KINDS } from '../../src/watch/source.ts';
import { startHealthServer } from '../../src/serve/http.ts';
import { grant, grantsOf } from './manifests/grants.ts';
import { containersOf, filesOf, podOf, projectedFiles } from './manifests/pod.ts';
import type { Container } from './manifests/pod.ts';
import { FOLDER, only, OVERLAYS, render, whyNoKubectl } from './manifests/render.ts';
import type { Manifest } from './manifests/render.ts';

const ROOT = resolve(FOLDER, '..');
const skip = whyNoKubectl();
const PACKAGE = JSON.parse(readFileSync(resolve(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
};

/** As the program itself reads its command line; throws where it refuses it. */
function flagsOf({ args }: Container): FlagValues {
  const request = parseCommandLine(args, PACKAGE.version, 'fairway');
  if (request.command !== 'run') throw new Error(`the program refuses ${args.join(' ')}`);
  return request.flags;
}

function mountedAt(path: string, manifests: readonly Manifest[]): string {
  const { containers, volumes } = podOf(manifests);
  const [{ volumeMounts }] = containers;
  const mount = volumeMounts.find(({ mountPath }) => path.startsWith(`${mountPath}/`));
  const volume = volumes.find(({ name }) => name === mount?.name);
  assert.ok(mount && volume, `${path} is mounted`);
  const text = projectedFiles(manifests, volume)[path.slice(mount.mountPath.length + 1)];
  assert.ok(text !== undefined, `${path} is in a ConfigMap`);
  return text;
}

function configOf(manifests: readonly Manifest[]): Loaded {
  const flags = flagsOf(podOf(manifests).containers[0]);
  const fileOf = (flag: string) => {
    const path = flags[flag];
    assert.ok(typeof path === 'string', `--${flag} is there`);
    return { path, text: mountedAt(path, manifests) };
  };
  return loadConfig(
    flags,
    { nodeName: 'node-1', hostname: 'pod' },
    {
      kubeProxy: readKubeProxyFile(fileOf('config')),
      fairway: readFairwayFile(fileOf('fairway-config')),
    },
  );
}

describe('the overlays', { skip }, () => {
  for (const overlay of OVERLAYS) {
    describe(overlay, () => {
      const manifests = render(overlay);
      const pod = podOf(manifests);
      const loaded = configOf(manifests);

      test('flags and files make a Config without a word of complaint', () => {
        assert.deepEqual(loaded.problems ?? [], []);
        assert.deepEqual(loaded.notes, []);
        const { mode, nodeName } = loaded.config ?? {};
        assert.equal(mode, overlay === 'beside' ? 'iptables' : overlay);
        assert.equal(nodeName, 'node-1');
      });

      test('probes ask where the health server is, for paths that it has', async (t) => {
        const { startupProbe, livenessProbe, readinessProbe } = pod.containers[0];
        const probes = [startupProbe, livenessProbe, readinessProbe].map((each) => each?.httpGet);
        const { healthzBindAddress } = loaded.config ?? {};
        assert.ok(typeof healthzBindAddress === 'object');
        const { host, port } = healthzBindAddress;
        // The kubelet dials the node's address.
        assert.equal(host, '0.0.0.0');
        const status = { isAlive: true, isNodeEligible: true, isReady: true, now: 0, families: [] };
        const address = { host: '127.0.0.1', port: 0 };
        const server = await startHealthServer({
          ...{ address, status: () => status, onAnswer: () => undefined },
        });
        t.after(() => server.close());
        for (const each of probes) {
          assert.equal(each?.port, port);
          const url = `http://127.0.0.1:${String(server.port)}${each.path}`;
          assert.equal((await fetch(url)).status, 200, each.path);
        }
      });

      test('every volume is mounted, and every mount is there for what the code names', () => {
        const mounts = containersOf(pod).flatMap(({ volumeMounts }) => volumeMounts);
        assert.deepEqual(
          pod.volumes.map(({ name }) => name).sort(),
          [...new Set(mounts.map(({ name }) => name))].sort(),
        );
        const named = namedPaths(pod.containers[0]);
        for (const { mountPath } of mounts) {
          assert.ok(
            named.some((path) => path === mountPath || `${mountPath}/`.startsWith(`${path}/`)),
            `${mountPath} is in no flag and in no file of src`,
          );
        }
      });

      test('the node’s sysctls are mounted where the program is told to look', () => {
        const procSys = loaded.config?.procSys ?? '';
        const mount = pod.containers[0].volumeMounts.find(
          ({ mountPath }) => mountPath === `${procSys}/net`,
        );
        const volume = pod.volumes.find(({ name }) => name === mount?.name);
        assert.equal(volume?.hostPath?.path, '/proc/sys/net');
        assert.notEqual(mount?.readOnly, true);
      });

      test('the service account may do what the program does, and nothing else', async () => {
        assert.deepEqual(grantsOf(manifests), await neededGrants());
        const { name, namespace } = only(manifests, 'ServiceAccount').metadata;
        assert.equal(pod.serviceAccountName, name);
        const binding = only(manifests, 'ClusterRoleBinding') as Binding;
        assert.deepEqual(binding.subjects, [{ kind: 'ServiceAccount', name, namespace }]);
        assert.equal(binding.roleRef.name, only(manifests, 'ClusterRole').metadata.name);
      });

      test('the image is of the version that this is', () => {
        for (const { image } of containersOf(pod)) {
          assert.equal(image.split(':').at(-1), PACKAGE.version);
        }
      });
    });
  }

  test('the variables for the API server’s address are those that the program reads', () => {
    const file = readFileSync(resolve(FOLDER, 'base/api-server.env'), 'utf8');
    const environment: Record<string, string> = {};
    for (const [, name = '', value = ''] of file.matchAll(/^#(\w+)=(.*)$/gm)) {
      environment[name] = value;
    }
    const { server } = inCluster({ environment });
    assert.equal(server.href, 'https://api.example.com:6443/');
    // As it comes they are comments, and a pod has what Kubernetes puts there.
    const manifests = render('iptables');
    const [{ envFrom }] = podOf(manifests).containers;
    const [from] = envFrom;
    assert.deepEqual(filesOf(manifests, from?.configMapRef.name ?? ''), {});
  });

  test('the name that Services must have is the one that the agent beside another proxy looks for', () => {
    const { config } = configOf(render('beside'));
    const text = readFileSync(resolve(FOLDER, 'beside/kustomization.yaml'), 'utf8');
    assert.match(
      text,
      new RegExp(
        `service.kubernetes.io/service-proxy-name: ${config?.serviceProxyName ?? 'none'}\n`,
      ),
    );
    const usual = configOf(render('iptables')).config;
    assert.equal(usual?.serviceProxyName, undefined);
    assert.notDeepEqual(config?.healthzBindAddress, usual?.healthzBindAddress);
    assert.notDeepEqual(config?.metricsBindAddress, usual?.metricsBindAddress);
  });

  test('clean-up cleans up, where the agent works', () => {
    const [cleanup, ...others] = podOf(render('cleanup')).initContainers;
    assert.ok(cleanup);
    assert.deepEqual(others, []);
    const { config, problems } = loadConfig(flagsOf(cleanup), { nodeName: '', hostname: 'pod' });
    assert.deepEqual(problems ?? [], []);
    assert.equal(config?.cleanup, true);
    const agent = podOf(render('iptables')).containers[0];
    const places = agent.volumeMounts.filter(({ name }) => name !== 'config');
    assert.deepEqual(cleanup.volumeMounts, places);
    assert.deepEqual(cleanup.securityContext, agent.securityContext);
  });

  test('in place of kubeadm’s kube-proxy only the image changes, under the name that it has', () => {
    const daemonSet = only(render('kubeadm'), 'DaemonSet') as unknown as {
      readonly metadata: object;
      readonly spec: { readonly template: { readonly spec: object } };
    };
    assert.deepEqual(daemonSet.metadata, { name: 'kube-proxy', namespace: 'kube-system' });
    const image = `fairway:${PACKAGE.version}`;
    assert.deepEqual(daemonSet.spec.template.spec, {
      containers: [{ name: 'kube-proxy', image }],
    });
  });

  test('kubeadm’s service account may do what the program does', async () => {
    for (const grant of await neededGrants()) assert.ok(NODE_PROXIER.has(grant), grant);
  });
});

/** ClusterRole system:node-proxier, as of Kubernetes 1.36 (plugin/pkg/auth/authorizer/rbac). */
const NODE_PROXIER = new Set([
  ...['list services', 'watch services', 'list endpoints', 'watch endpoints'],
  ...['get nodes', 'list nodes', 'watch nodes'],
  ...['create events', 'patch events', 'update events'],
  ...['create', 'patch', 'update'].map((verb) => `${verb} events.k8s.io/events`),
  ...['list', 'watch'].map((verb) => `${verb} discovery.k8s.io/endpointslices`),
]);

type Binding = Manifest & {
  readonly roleRef: { readonly name: string };
  readonly subjects: readonly unknown[];
};

/** Asked of the code: what it lists and watches, and where it posts. */
async function neededGrants(): Promise<readonly string[]> {
  const followed = KINDS.map((kind) => resourceOf(kind, { nodeName: 'node-1' })).flatMap(
    ({ apiGroup, name }) => ['list', 'watch'].map((verb) => grant(verb, apiGroup, name)),
  );
  const posted: string[] = [];
  const unused = (): never => {
    throw new Error('events are posted');
  };
  const sink = createEventSink({
    connection: {
      ...{ get: unused, renewCredentials: unused, close: unused },
      post: (path) => {
        posted.push(path);
        return Promise.resolve();
      },
    },
    nodeName: 'node-1',
    log: { error: unused, warn: unused, info: unused, debug: unused },
    now: () => 0,
  });
  sink.started('node-1');
  // Posted at the next turn.
  await new Promise(setImmediate);
  const events = posted.map((path) => {
    const [, group = '', resource = ''] =
      /^\/apis\/([\w.]+)\/v1\/namespaces\/[\w-]+\/(\w+)$/.exec(path) ?? [];
    return grant('create', group, resource);
  });
  return [...followed, ...events].sort();
}

/** Of the flags, and of all texts in the code that look like a path. */
function namedPaths({ args }: Container): readonly string[] {
  const flagged = args.flatMap(
    (arg) => /^--[\w-]+=(\/.*?)(?:\/[\w-]+\.yaml)?$/.exec(arg)?.[1] ?? [],
  );
  const sources = globSync('src/**/*.ts', { cwd: ROOT });
  const texts = sources.map((file) => readFileSync(resolve(ROOT, file), 'utf8')).join('\n');
  return [...flagged, ...[...texts.matchAll(/\/(?:run|lib)\/[\w./-]+/g)].map(([path]) => path)];
}
