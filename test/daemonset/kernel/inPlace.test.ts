/** kubeadm's DaemonSet with nothing but another image, and the way back to a clean node. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { waitUntil } from '../../lab/agentProcess.ts';
import { directoryOf } from '../../lab/namespaces.ts';
import { runInside } from '../../lab/program.ts';
import { loadScenario } from '../../lab/scenario/load.ts';
import { play } from '../../lab/scenario/play.ts';
import { CLUSTER_CIDR } from '../../lab/topology.ts';
import { TEST_CERTIFICATE } from '../../support/fakeApiServerTls.ts';
import { only, parseManifests, render, whyNoKubectl } from '../manifests/render.ts';
import type { Container } from '../manifests/pod.ts';
import { startContainer, whyNoContainers } from './node/crun.ts';
import type { RunningContainer } from './node/crun.ts';
import { projectFiles } from './node/files.ts';
import { ROOT_NAME } from './node/root.ts';
import { ociSpec } from './node/spec.ts';
import { KUBELET_CHAIN, openStage, playable } from './node/stage.ts';
import type { Stage } from './node/stage.ts';

const TESTS = resolve(import.meta.dirname, '../..');
const RUNNER = { mode: 'iptables', variant: 'nft' } as const;

const container = z.looseObject({
  name: z.string(),
  image: z.string(),
  command: z.array(z.string()).default([]),
  volumeMounts: z.array(z.object({ name: z.string(), mountPath: z.string() })).default([]),
});

const daemonSet = z.looseObject({
  spec: z.looseObject({
    selector: z.unknown(),
    template: z.looseObject({
      metadata: z.unknown(),
      spec: z.looseObject({ containers: z.tuple([container]) }),
    }),
  }),
});

function kubeadms(file: string): string {
  return readFileSync(resolve(TESTS, 'daemonset/kubeadm', file), 'utf8');
}

const KUBEADMS = daemonSet.parse(only(parseManifests(kubeadms('kube-proxy.yaml')), 'DaemonSet'));

test(
  'the overlay is about kubeadm’s DaemonSet, and changes its image alone',
  {
    skip: whyNoKubectl(),
  },
  () => {
    const ours = daemonSet.parse(only(render('kubeadm'), 'DaemonSet'));
    // The selector cannot be changed, and pods must keep to it.
    assert.deepEqual(ours.spec.selector, KUBEADMS.spec.selector);
    assert.deepEqual(ours.spec.template.metadata, KUBEADMS.spec.template.metadata);
    const { name, image, ...rest } = ours.spec.template.spec.containers[0];
    assert.equal(name, KUBEADMS.spec.template.spec.containers[0].name);
    assert.notEqual(image, KUBEADMS.spec.template.spec.containers[0].image);
    assert.deepEqual(rest, { command: [], volumeMounts: [] });
  },
);

describe(
  `in place of kubeadm's kube-proxy, with ${ROOT_NAME} as root`,
  {
    skip: whyNoKubectl() || whyNoContainers(),
  },
  () => {
    let stage: Stage;
    let agent: RunningContainer;
    before(async () => {
      stage = await openStage(RUNNER);
      agent = startKubeProxy(stage);
    });
    after(() => {
      stage.close();
    });

    test('a Service works', async () => {
      const ready = async (): Promise<boolean> => (await stage.probe('/readyz')) === 200;
      await waitUntil(agent, 'ready', ready);
      const name = 'cluster-ip-tcp';
      const scenario = loadScenario(resolve(TESTS, 'scenarios', name), name);
      const fairway = playable(stage, agent);
      const restart = (): never => {
        throw new Error('this scenario starts no agent anew');
      };
      const player = { ...RUNNER, lab: stage.lab, agent: () => fairway, restart };
      assert.deepEqual(await play(scenario, player), []);
      assert.doesNotMatch(agent.logged(), / ERROR | flag ignored/);
    });

    test('the way back: it ends, and the clean-up leaves what is the kubelet’s', async () => {
      await agent.stop();
      const { exitCode, log } = await stage.pod(render('cleanup')).start('cleanup').ended();
      assert.equal(exitCode, 0, log);
      const saved = await runInside(stage.lab.namespace('node1'), ['iptables-nft-save']);
      assert.deepEqual([...new Set(saved.match(/\bKUBE-[\w-]+/g))], [KUBELET_CHAIN]);
    });
  },
);

/** As kubeadm's manifest has it, on node1. */
function startKubeProxy({ lab, root, token }: Stage): RunningContainer {
  const [{ command, volumeMounts }] = KUBEADMS.spec.template.spec.containers;
  const folder = join(directoryOf(lab.prefix), 'kubeadm');
  const [account, config] = [join(folder, 'account'), join(folder, 'config')];
  projectFiles(account, { token, 'ca.crt': TEST_CERTIFICATE, namespace: 'kube-system' });
  const file = readFileSync(resolve(TESTS, 'unit/config/files/kubeadm.conf'), 'utf8');
  projectFiles(config, {
    'config.conf': file.replace(/^clusterCIDR: .*$/m, `clusterCIDR: ${CLUSTER_CIDR}`),
    'kubeconfig.conf': kubeadms('kubeconfig.conf'),
  });
  mkdirSync(join(folder, 'modules'));
  writeFileSync(join(folder, 'xtables.lock'), '');
  const volumes = new Map([
    ['kube-proxy', config],
    // Of this node; this machine may have no modules at all.
    ['xtables-lock', join(folder, 'xtables.lock')],
    ['lib-modules', join(folder, 'modules')],
  ]);
  const asked: Pick<Container, 'command' | 'args' | 'volumeMounts' | 'securityContext'> = {
    // The kubelet puts the variables in.
    command: command.map((word) => word.replace('$(NODE_NAME)', 'node1')),
    args: [],
    volumeMounts,
    securityContext: {
      ...{ runAsUser: 0, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
      capabilities: { drop: ['ALL'], add: [] },
    },
  };
  const spec = ociSpec(asked, {
    ...{ root: root.path, binds: root.binds, volumes, serviceAccount: account },
    ...{ namespace: lab.namespace('node1'), isPrivileged: true },
    environment: { PATH: '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  });
  const name = `${lab.prefix}-kube-proxy`;
  return startContainer(join(folder, 'container'), name, spec);
}
