/** Parts of `fairway compare` on a cluster that need no cluster. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gauge } from '../../../src/compare/cluster/agentMetrics.ts';
import type { Api, Json } from '../../../src/compare/cluster/api.ts';
import { clusterGround } from '../../../src/compare/cluster/clusterGround.ts';
import type { Deployment } from '../../../src/compare/cluster/deployment.ts';
import { findModeConfig, restoreFrom } from '../../../src/compare/cluster/modeConfig.ts';
import { podObject } from '../../../src/compare/cluster/objects.ts';
import { MODES } from '../../../src/backends/backend.ts';
import { parseCommandLine } from '../../../src/cli/program.ts';

const PATH = '/api/v1/namespaces/kube-system/configmaps/mode';

/** An API server that has one ConfigMap. */
function configMapApi(data: Record<string, string>): Api {
  const unused = (): Promise<never> => Promise.reject(new Error('not asked for here'));
  return {
    get: (path) => (path === PATH ? Promise.resolve({ data }) : unused()),
    patch: (path, change) => {
      assert.equal(path, PATH);
      Object.assign(data, change['data']);
      return Promise.resolve({});
    },
    ...{ create: unused, remove: unused, exchange: unused },
  };
}

const CHOSEN = { agentNamespace: 'kube-system', configMap: undefined };
const TEXT = '# Ours\nmode: iptables # the usual\nuserspace:\n  workers: 2\n';

test('another mode changes nothing else of the configuration, and goes back to the byte', async () => {
  const data = { 'fairway.yaml': TEXT };
  const config = await findModeConfig(configMapApi(data), CHOSEN, ['gone', 'mode']);
  assert.deepEqual([config.mode, config.name], ['iptables', 'kube-system/mode, fairway.yaml']);
  await config.set('userspace');
  assert.equal(data['fairway.yaml'], TEXT.replace('iptables', 'userspace'));
  await config.set('ipvs');
  await config.restore();
  assert.equal(data['fairway.yaml'], TEXT);
});

test('what somebody else wrote meanwhile stays', async () => {
  const data = { 'fairway.yaml': TEXT };
  const config = await findModeConfig(configMapApi(data), CHOSEN, ['mode']);
  await config.set('userspace');
  data['fairway.yaml'] = 'mode: ipvs\n';
  await assert.rejects(config.restore(), /somebody else has changed/);
  assert.equal(data['fairway.yaml'], 'mode: ipvs\n');
});

test('kube-proxy’s own file is taken where ours says no mode; none at all is an error', async () => {
  const api = configMapApi({ 'config.conf': 'mode: ipvs\n', 'fairway.yaml': 'ipvs: {}\n' });
  const config = await findModeConfig(api, CHOSEN, ['mode']);
  assert.equal(config.name, 'kube-system/mode, config.conf');
  await assert.rejects(findModeConfig(api, CHOSEN, ['other']), /expected a mode .*--config-map/);
  const chosen = { ...CHOSEN, configMap: 'mode/absent' };
  await assert.rejects(findModeConfig(api, chosen, []), /expected the key absent .* found config/);
});

test('a note of what to put back must name a ConfigMap', async () => {
  const data = { 'fairway.yaml': 'mode: ipvs\n' };
  const note = { path: PATH, key: 'fairway.yaml', text: TEXT };
  await restoreFrom(configMapApi(data), JSON.stringify(note));
  assert.equal(data['fairway.yaml'], TEXT);
  const wrong = { ...note, path: '/api/v1/namespaces/kube-system/secrets/x' };
  await assert.rejects(
    restoreFrom(configMapApi(data), JSON.stringify(wrong)),
    /path of a ConfigMap/,
  );
});

test('what breaks on a cluster is an endpoint of ours, which goes again', async () => {
  const slices: Json[] = [];
  const nodes = ['a', 'b'].map((name) => ({ name, address: '10.0.0.1', kernel: '', cores: 1 }));
  const deployment: Deployment = {
    servers: new Map(nodes.map(({ name }) => [`server-${name}-0`, { ip: '10.1.0.1', node: name }])),
    probe: () => ({
      run: () => Promise.reject(new Error()),
      fetch: () => Promise.reject(new Error()),
    }),
    clusterIp: () => 'fd00::1',
    nodePort: () => 30_000,
    putSlice: (service, suffix, slice) => {
      slices.push({ service, suffix, ...slice });
      return Promise.resolve();
    },
    setOthers: () => Promise.resolve(),
  };
  const ground = await clusterGround({
    ...{ about: {} as never, modes: [...MODES], nodes: nodes as never, deployment },
    ...{ config: {} as never, signal: new AbortController().signal, pauseMs: 1, patienceMs: 1 },
  });
  assert.deepEqual(
    slices.map(({ service }) => service),
    ['near', 'spread', 'sticky', 'moving'],
  );
  for (const fault of ground.faults) {
    slices.length = 0;
    await fault.strike();
    await fault.notice();
    assert.deepEqual(
      slices.map(({ service, suffix, servers }) => [service, suffix, (servers as []).length]),
      [
        ['spread', 'bad', 1],
        ['spread', 'bad', 0],
      ],
    );
  }
  const [direct, mode] = ground.subjects;
  assert.ok(direct && mode);
  const to = { service: 'near', port: 'tcp' } as const;
  assert.deepEqual(ground.targets(direct, 'pod', to), ['10.1.0.1:7007']);
  assert.deepEqual(ground.targets(mode, 'pod', to), ['[fd00::1]:81']);
  assert.deepEqual(ground.targets(mode, 'outside', to), ['10.0.0.1:30000']);
});

test('pods have no rights', () => {
  const pod = JSON.stringify(
    podObject({ name: 'p', node: 'n', image: 'i', args: ['serve'], token: 't' }),
  );
  assert.match(pod, /"drop":\["ALL"\]/);
  assert.match(pod, /"runAsNonRoot":true/);
  assert.match(pod, /"automountServiceAccountToken":false/);
});

test('a metric of the agent is the sum of its samples', () => {
  const text = '# TYPE a gauge\na{x="1"} 2\na{x="2"} 3.5\nab 7\nb 1e+06 1700000000\n';
  assert.deepEqual([gauge(text, 'a'), gauge(text, 'b')], [5.5, 1e6]);
  assert.ok(Number.isNaN(gauge(text, 'c')));
});

test('flags behind the subcommand are the subcommand’s, those before it the agent’s', () => {
  const { command } = parseCommandLine(['compare', '--kubeconfig', 'x', '--yes'], '1');
  assert.equal(command, 'tool');
  const agent = parseCommandLine(['--kubeconfig', 'x'], '1');
  assert.equal(agent.command === 'run' && agent.flags['kubeconfig'], 'x');
});
