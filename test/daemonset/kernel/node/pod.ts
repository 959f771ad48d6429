/** A pod of the DaemonSet on a node of the lab. */
import { join } from 'node:path';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Lab } from '../../../lab/lab.ts';
import { TEST_CERTIFICATE } from '../../../support/fakeApiServerTls.ts';
import { containersOf, podOf, projectedFiles } from '../../manifests/pod.ts';
import type { Container, Volume } from '../../manifests/pod.ts';
import type { Manifest } from '../../manifests/render.ts';
import { PORT } from './apiServer.ts';
import { startContainer } from './crun.ts';
import type { RunningContainer } from './crun.ts';
import { projectFiles } from './files.ts';
import type { ContainerRoot } from './root.ts';
import { ociSpec } from './spec.ts';

export interface PodOptions {
  readonly lab: Lab;
  readonly root: ContainerRoot;
  /** Of the node, for what the kubelet keeps there. */
  readonly folder: string;
  readonly token: string;
  /** As an operator writes it into the configuration. */
  readonly clusterCidr: string;
}

export interface Pod {
  /** Start the container of this name, perhaps changed. */
  start(name: string, change?: (container: Container) => Container): RunningContainer;
  /** Change a file of its ConfigMaps as `kubectl apply` and then the kubelet do. */
  edit(file: string, change: (text: string) => string): void;
  /** Put another token where the old one was. */
  rotateToken(token: string): void;
}

let started = 0;

/** The pod of these manifests on node1; its containers are started one by one. */
export function preparePod(manifests: readonly Manifest[], options: PodOptions): Pod {
  const { lab, root, folder } = options;
  const pod = podOf(manifests);
  const account = join(folder, 'service-account');
  const volumes = new Map(
    pod.volumes.map((volume) => [volume.name, volumePath(volume, manifests, options)]),
  );

  function rotateToken(token: string): void {
    projectFiles(account, { token, 'ca.crt': TEST_CERTIFICATE, namespace: 'kube-system' });
  }

  rotateToken(options.token);
  return {
    rotateToken,
    edit(file, change) {
      const folder = volumes.get('config') ?? '';
      const names = readdirSync(folder).filter((name) => !name.startsWith('..'));
      const texts = names.map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);
      const edited = texts.map(([name, text]) => [name, name === file ? change(text) : text]);
      projectFiles(folder, Object.fromEntries(edited) as Readonly<Record<string, string>>);
    },
    start(name, change = (container) => container) {
      started += 1;
      const container = containersOf(pod).find((each) => each.name === name);
      if (container === undefined) throw new Error(`no container ${name}`);
      const spec = ociSpec(change(container), {
        ...{ root: root.path, binds: root.binds, volumes },
        serviceAccount: account,
        namespace: lab.namespace('node1'),
        environment: {
          PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
          KUBERNETES_SERVICE_HOST: '127.0.0.1',
          KUBERNETES_SERVICE_PORT: String(PORT),
          NODE_NAME: 'node1',
        },
      });
      const id = `${lab.prefix}-${name}-${String(started)}`;
      return startContainer(join(folder, 'containers', id), id, spec);
    },
  };
}

function volumePath(
  volume: Volume,
  manifests: readonly Manifest[],
  { folder, clusterCidr }: PodOptions,
): string {
  const own = join(folder, 'volumes', volume.name);
  if (volume.projected !== undefined) {
    const files = projectedFiles(manifests, volume);
    const line = /^clusterCIDR: .*$/m;
    const config = files['config.yaml']?.replace(line, `clusterCIDR: ${clusterCidr}`) ?? '';
    projectFiles(own, { ...files, 'config.yaml': config });
    return own;
  }
  const { path = '', type = '' } = volume.hostPath ?? {};
  // A file of the lab's node instead of this machine's: other tests have their locks there.
  if (type !== 'FileOrCreate') return path;
  mkdirSync(join(folder, 'volumes'), { recursive: true });
  writeFileSync(own, '');
  return own;
}
