/** `fairway compare --kubeconfig` on a cluster of namespaces: what it does, and that it undoes it. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { apiOf } from '../../src/compare/cluster/api.ts';
import { compareCluster, restoreLeftovers } from '../../src/compare/cluster/compareCluster.ts';
import type { Surroundings } from '../../src/compare/cluster/compareCluster.ts';
import { reportSchema } from '../../src/compare/schema.ts';
import type { Comparison } from '../../src/compare/schema.ts';
import { fromKubeconfig } from '../../src/watch/kubeconfig.ts';
import { CONFIG_PATH, CONFIG_TEXT, openFakeCluster } from '../compare/cluster/fakeCluster.ts';
import type { FakeCluster } from '../compare/cluster/fakeCluster.ts';
import { whyNoLab } from '../lab/lab.ts';
import { uniquePrefix } from '../lab/namespaces.ts';
import { SLOWNESS } from '../lab/slowness.ts';

const CHOICES = {
  ...{ agentNamespace: 'kube-system', selector: 'app.kubernetes.io/name=fairway' },
  ...{ configMap: undefined, nodes: undefined, image: undefined },
  // Agents refuse the first: there is none yet.
  modes: ['nftables', 'userspace'],
  effort: {
    ...{ rounds: 1, seconds: 0.05, sizes: [3], changes: 1, failureRounds: 0, slowness: 1 },
    kinds: ['connect', 'requests'],
  },
};

describe('fairway compare on a cluster', { skip: whyNoLab() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'fairway-cluster-'));
  const kubeconfig = join(folder, 'kubeconfig');
  let cluster: FakeCluster;
  before(async () => {
    cluster = await openFakeCluster(uniquePrefix('cluster'));
    writeFileSync(kubeconfig, kubeconfigFor(cluster.url));
  });
  after(async () => {
    await cluster.close();
    rmSync(folder, { recursive: true });
  });

  interface Told extends Surroundings {
    readonly lines: readonly string[];
    readonly written: readonly Comparison[];
  }

  async function surroundings(change: Partial<Surroundings> = {}): Promise<Told> {
    const lines: string[] = [];
    const written: Comparison[] = [];
    return {
      api: apiOf(await fromKubeconfig(kubeconfig)),
      print: (line) => lines.push(line),
      confirm: () => Promise.resolve(true),
      signal: new AbortController().signal,
      write: (comparison) => written.push(comparison),
      about: { date: '2026-01-01T00:00:00Z', command: 'fairway compare', versions: {} },
      ...{ pauseMs: 50, patienceMs: 6000 * SLOWNESS },
      ...change,
      ...{ lines, written },
    };
  }

  /** Nothing of a comparison is left, and the configuration is what it was, to the byte. */
  function assertUndone(): void {
    const { store, pods } = cluster;
    assert.deepEqual(store.get(CONFIG_PATH)?.['data'], { 'fairway.yaml': CONFIG_TEXT });
    assert.deepEqual(store.list('/api/v1/namespaces', undefined), []);
    assert.deepEqual(pods.running(), []);
  }

  test('nothing is done before the operator has agreed to the plan', async () => {
    const asked: string[] = [];
    const around = await surroundings({
      confirm: (question) => {
        asked.push(question);
        return Promise.resolve(false);
      },
    });
    assert.equal(await compareCluster(CHOICES, around), false);
    assert.deepEqual([asked, cluster.writes], [['Do that?'], []]);
    const [plan = ''] = around.lines;
    for (const told of [
      /registry\.example\/fairway:1/,
      /node1 and node2/,
      /nftables, userspace in turn, about 2 times/,
      /kube-system\/fairway-mode-abc, fairway\.yaml/,
      /3 Services more/,
      /as it is now \(mode: iptables\)/,
    ]) {
      assert.match(plan, told);
    }
  });

  test('it measures each mode that agents take, and leaves everything as it was', async () => {
    const around = await surroundings();
    assert.equal(await compareCluster(CHOICES, around), true, around.lines.join('\n'));
    const last = around.written.at(-1);
    assert.ok(last);
    reportSchema.parse({ format: 'fairway-compare-1', comparisons: [last] });
    assert.deepEqual(
      last.subjects.map(({ id }) => id),
      ['direct', 'userspace'],
    );
    assert.match(last.absent[0]?.reason ?? '', /not yet in nftables mode/);
    // Two subjects, four paths, two loads, and none of it failed.
    assert.equal(last.measurements.length, 2 * 4 * 2);
    const failures = last.measurements.flatMap(({ result }) =>
      'failures' in result ? result.failures.filter((failure) => failure !== '') : [],
    );
    assert.deepEqual(failures, []);
    const changes = last.figures.filter(({ name }) => name === 'change');
    assert.equal(changes.length, 1);
    assertUndone();
    assert.equal(await cluster.mode(), 'iptables');
  });

  test('interrupted in the middle, it puts everything back', async () => {
    const controller = new AbortController();
    const around = await surroundings({ signal: controller.signal });
    const print = (line: string): void => {
      around.print(line);
      // Userspace mode is in force.
      if (line.includes('userspace, round 1')) controller.abort();
    };
    const running = compareCluster({ ...CHOICES, modes: ['userspace'] }, { ...around, print });
    await assert.rejects(running, /interrupted/);
    assert.match(around.lines.join('\n'), /All is as it was\./);
    assertUndone();
  });

  test('a failure in the middle puts everything back, too, and is told', async () => {
    cluster.refuse('POST', /endpointslices$/);
    const around = await surroundings();
    const running = compareCluster({ ...CHOICES, modes: ['userspace'] }, around);
    await assert.rejects(running, /HTTP 403: Forbidden/);
    assertUndone();
  });

  test('what a killed one left keeps the next from starting, and can be put back', async () => {
    const { api, ...around } = await surroundings();
    const text = CONFIG_TEXT;
    const annotations = {
      'fairway.dev/compare-restore': JSON.stringify({
        path: CONFIG_PATH,
        key: 'fairway.yaml',
        text,
      }),
    };
    const labels = { 'app.kubernetes.io/managed-by': 'fairway-compare' };
    await api.create('/api/v1/namespaces', { metadata: { name: 'left', labels, annotations } });
    await api.patch(CONFIG_PATH, { data: { 'fairway.yaml': 'mode: userspace\n' } });
    await assert.rejects(compareCluster(CHOICES, { api, ...around }), /--restore/);
    await restoreLeftovers(api, around);
    assertUndone();
    assert.match(around.lines.at(-1) ?? '', /left is gone/);
  });
});

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'fake',
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake' } }],
    clusters: [{ name: 'fake', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'fake', user: {} }],
  });
}
