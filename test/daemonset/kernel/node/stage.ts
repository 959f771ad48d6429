/** A lab whose node1 runs a pod of the DaemonSet, fed by an API server on that node. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Mode } from '../../../../src/backends/backend.ts';
import type { Variant } from '../../../lab/agentProcess.ts';
import type { Fairway } from '../../../lab/fairway.ts';
import { openLab } from '../../../lab/lab.ts';
import type { Lab } from '../../../lab/lab.ts';
import { nextMarker, waitForMarker } from '../../../lab/marker.ts';
import { directoryOf, uniquePrefix } from '../../../lab/namespaces.ts';
import { runInside } from '../../../lab/program.ts';
import { CLUSTER_CIDR } from '../../../lab/topology.ts';
import type { Manifest } from '../../manifests/render.ts';
import { startApiServer } from './apiServer.ts';
import type { ApiServer } from './apiServer.ts';
import type { RunningContainer } from './crun.ts';
import { preparePod } from './pod.ts';
import type { Pod } from './pod.ts';
import { openRoot } from './root.ts';
import type { ContainerRoot } from './root.ts';

export interface Runner {
  readonly mode: Mode;
  /** What the node uses; the agent has to find out. */
  readonly variant: Variant;
}

export interface Stage {
  readonly lab: Lab;
  readonly apiServer: ApiServer;
  readonly token: string;
  readonly root: ContainerRoot;
  /** A pod of these manifests, its configuration that of the lab's cluster. */
  pod(manifests: readonly Manifest[]): Pod;
  /** What its root is at /healthz, /livez or /readyz; undefined while nobody answers. */
  probe(path: string, port?: number): Promise<number | undefined>;
  close(): void;
}

/** What the kubelet leaves on a node, by which the variant in use is known. */
export const KUBELET_CHAIN = 'KUBE-KUBELET-CANARY';

export async function openStage({ mode, variant }: Runner): Promise<Stage> {
  const lab = await openLab(uniquePrefix(`pod-${mode}-${variant}`));
  const root = openRoot();
  const token = 'the-first-token';
  const apiServer = await startApiServer(lab.namespace('node1'), token);
  for (const program of ['iptables', 'ip6tables']) {
    const chain = ['-t', 'mangle', '-N', KUBELET_CHAIN];
    await runInside(lab.namespace('node1'), [`${program}-${variant}`, ...chain]);
  }
  let pods = 0;
  return {
    lab,
    apiServer,
    root,
    token,
    pod(manifests) {
      pods += 1;
      const folder = join(directoryOf(lab.prefix), `pod-${String(pods)}`);
      mkdirSync(folder);
      return preparePod(manifests, { lab, root, folder, token, clusterCidr: CLUSTER_CIDR });
    },
    async probe(path, port = 10_256) {
      try {
        const url = `http://${NODE}:${String(port)}${path}`;
        return (await lab.speaker('node1').fetch(url)).status;
      } catch {
        return undefined;
      }
    },
    close() {
      apiServer.stop();
      lab.close();
      root.remove();
    },
  };
}

/** The kubelet dials the node's own address. */
const NODE = '192.0.2.11';

/** The container as the scenarios' player knows an agent: objects go through the API server. */
export function playable({ lab, apiServer }: Stage, container: RunningContainer): Fairway {
  return {
    async putObjects(yaml) {
      // Stale flows are ended after the rules are there; the next sync begins only behind that.
      for (const marker of [nextMarker(), nextMarker()]) {
        await apiServer.replace(yaml + marker.yaml);
        await waitForMarker(lab, 'node1', marker, container);
      }
    },
    stop: container.stop,
  };
}
