/**
 * Pods of the DaemonSet as containers on a node of the lab: exactly the manifest's capabilities and
 * mounts, a read-only root, the usual seccomp profile, an API server with TLS and a token that is
 * rotated, and real packets. `scripts/image --run scripts/test daemonset/kernel` does it with the
 * image; without, the root is this machine's, with this checkout in the image's place.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { waitUntil } from '../../lab/agentProcess.ts';
import { runInside } from '../../lab/program.ts';
import { loadScenario } from '../../lab/scenario/load.ts';
import { play } from '../../lab/scenario/play.ts';
import { directoryOf } from '../../lab/namespaces.ts';
import { grantsOf } from '../manifests/grants.ts';
import { alerts } from '../manifests/monitoring.ts';
import { podOf } from '../manifests/pod.ts';
import type { Container } from '../manifests/pod.ts';
import { only, render, whyNoKubectl } from '../manifests/render.ts';
import type { Manifest } from '../manifests/render.ts';
import { whyNoContainers } from './node/crun.ts';
import type { RunningContainer } from './node/crun.ts';
import type { Pod } from './node/pod.ts';
import { METRICS, startPrometheus, whyNoPrometheus } from './node/prometheus.ts';
import { ROOT_NAME } from './node/root.ts';
import { hasProfile } from './node/seccomp.ts';
import { KUBELET_CHAIN, openStage, playable } from './node/stage.ts';
import type { Runner, Stage } from './node/stage.ts';
import { allQueries, askAll, servedMetrics } from './node/watched.ts';
import { ASKED, doesItsWork, reaches, SCENARIOS } from './node/work.ts';

/** Each needs something of the node that the others do not: sets, a sysctl, connection tracking. */
const PLAYED = ['cluster-ip-tcp', 'affinity', 'node-port-localhost', 'udp-endpoint-goes'];

interface Part extends Runner {
  readonly scenarios: readonly string[];
  /** Whether dashboard and alerts are tried, too. */
  readonly isWatched: boolean;
}

const RUNNERS: readonly Part[] = [
  { mode: 'iptables', variant: 'nft', scenarios: PLAYED, isWatched: true },
  // What differs is how rules and sets are written.
  { mode: 'iptables', variant: 'legacy', scenarios: ['affinity'], isWatched: false },
  { mode: 'userspace', variant: 'nft', scenarios: PLAYED, isWatched: true },
  { mode: 'ipvs', variant: 'nft', scenarios: PLAYED, isWatched: false },
];

function whyNoRun(): string | false {
  const why = whyNoKubectl() || whyNoContainers();
  if (why !== false) return why;
  return hasProfile() ? false : 'no seccomp profile; it comes with buildah';
}

/** In the guest of test/vm, which is slow, only what needs its kernel. */
const CHOSEN = process.env['FAIRWAY_LAB_MODES'];

function whyNotMode({ mode }: Runner): string | false {
  if (CHOSEN !== undefined && !CHOSEN.includes(mode)) return 'another mode was asked for';
  if (mode !== 'ipvs' || existsSync('/sys/module/ip_vs')) return false;
  const found = spawnSync('modprobe', ['--dry-run', '--quiet', 'ip_vs']);
  return found.status === 0 ? false : 'this kernel has no ip_vs';
}

describe(`pods, with ${ROOT_NAME} as their root`, { skip: whyNoRun() }, () => {
  for (const runner of RUNNERS) {
    describe(`${runner.mode}, ${runner.variant}`, { skip: whyNotMode(runner) }, () => {
      runs(runner);
    });
  }

  test(
    'every query of the dashboard and of the alerts was asked',
    { skip: whyNoPrometheus() },
    () => {
      assert.deepEqual(new Set(allQueries().map(({ of }) => of)), queriesAsked);
    },
  );
});

/** By what they are of; some metrics are only there in one mode. */
const queriesAsked = new Set<string>();

function runs(runner: Part): void {
  const manifests = render(runner.mode);
  let stage: Stage;
  let pod: Pod;
  let agent: RunningContainer;
  before(async () => {
    stage = await openStage(runner);
    pod = stage.pod(manifests);
  });
  after(() => {
    stage.close();
  });

  test('it starts, and is ready when its probes say so', async (t) => {
    for (const { name } of podOf(manifests).initContainers) {
      const { exitCode, log } = await pod.start(name).ended();
      assert.equal(exitCode, 0, log);
    }
    const started = performance.now();
    agent = pod.start('fairway');
    await waitUntil(agent, 'ready', async () => (await stage.probe('/readyz')) === 200);
    t.diagnostic(`ready after ${(performance.now() - started).toFixed(0)} ms, with ${ROOT_NAME}`);
    for (const path of ['/livez', '/readyz']) assert.equal(await stage.probe(path), 200, path);
    assert.match(agent.logged(), new RegExp(`using iptables .*variant=${runner.variant} `));
  });

  for (const name of runner.scenarios) {
    const scenario = loadScenario(resolve(SCENARIOS, name), name);
    const skip = scenario.notIn[runner.mode] ?? false;
    test(`${name}: ${scenario.describe}`, { skip }, async () => {
      const { lab } = stage;
      const fairway = playable(stage, agent);
      await fairway.putObjects('');
      const restart = (): never => {
        throw new Error('none of these scenarios starts the agent anew');
      };
      const problems = await play(scenario, { ...runner, lab, agent: () => fairway, restart });
      assert.deepEqual(problems, []);
    });
  }

  test('another token takes the place of the first one', async () => {
    pod.rotateToken('the-second-token');
    await stage.apiServer.accept('the-second-token');
    await playable(stage, agent).putObjects('');
    pod.rotateToken(stage.token);
    await stage.apiServer.accept(stage.token);
  });

  if (runner.isWatched) {
    test(
      'Prometheus understands what it is asked of the agent, and has nothing to complain of',
      { skip: whyNoPrometheus() },
      async () => {
        const { lab } = stage;
        const prometheus = await startPrometheus(lab, join(directoryOf(lab.prefix), 'prometheus'));
        try {
          const { body } = await lab.speaker('node1').fetch(`http://${METRICS}/metrics`);
          for (const { of } of await askAll(prometheus, servedMetrics(body))) queriesAsked.add(of);
          const quiet = alerts().map(({ alert }) => `${alert} inactive`);
          assert.deepEqual(await prometheus.alerts(), quiet);
        } finally {
          await prometheus.stop();
        }
      },
    );
  }

  test('it asked nothing of the API server but what its role allows', async () => {
    const { requests, events } = await stage.apiServer.report();
    assert.deepEqual(requests, grantsOf(manifests));
    assert.ok(events > 0);
  });

  test('a ConfigMap that changes is followed; one with a mistake is not', async () => {
    const OTHER_PORT = 10_356;
    const moveTo = (port: number) => {
      pod.edit('config.yaml', (text) =>
        text.replace(/^(healthzBindAddress: .*:)\d+$/m, `$1${String(port)}`),
      );
    };
    const isReadyAt = async (port: number) => (await stage.probe('/readyz', port)) === 200;
    moveTo(OTHER_PORT);
    await waitUntil(agent, 'at the other port', () => isReadyAt(OTHER_PORT));
    pod.edit('fairway.yaml', (text) => text.replace(/^mode: /m, 'mood: '));
    await waitUntil(agent, 'refusing', () => agent.logged().includes('configuration refused'));
    pod.edit('fairway.yaml', (text) => text.replace(/^mood: /m, 'mode: '));
    moveTo(10_256);
    await waitUntil(agent, 'at the usual port', () => isReadyAt(10_256));
  });

  test('a dry run in the pod prints what it does', async () => {
    const dry = pod.start('fairway', (each) => ({ ...each, args: [...each.args, '--dry-run'] }));
    const { exitCode, log } = await dry.ended();
    assert.equal(exitCode, 0, log);
    assert.match(log, /^#!\/bin\/sh$/m);
    assert.match(log, /KUBE-SERVICES/);
  });

  // As the manifest has it: elsewhere the next one starts when the last one has ended.
  if (surges(manifests)) {
    test('the next pod starts beside the last one, and serves what that one leaves', async () => {
      const { steps } = loadScenario(resolve(SCENARIOS, 'affinity'), 'affinity');
      await playable(stage, agent).putObjects(steps[0]?.objects ?? '');
      const next = stage.pod(manifests).start('fairway');
      const isSynced = (): boolean => next.logged().includes(' synced ');
      await waitUntil(next, 'at the end of its first sync', isSynced);
      assert.equal(await stage.probe('/readyz'), 200);
      await agent.stop();
      assert.equal((await agent.ended()).exitCode, 0, agent.logged());
      agent = next;
      const ready = async (): Promise<boolean> => (await stage.probe('/readyz')) === 200;
      await waitUntil(next, 'answering its probes itself', ready);
      await playable(stage, agent).putObjects(steps[0]?.objects ?? '');
      assert.ok(await reaches(stage, ASKED[0]));
    });
  }

  test('it ends when it is asked to; rules stay for the next pod', async () => {
    await agent.stop();
    assert.equal((await agent.ended()).exitCode, 0, agent.logged());
    assert.match(await savedRules(stage, runner), /^-A KUBE-/m);
  });

  for (const capability of podOf(manifests).containers[0].securityContext.capabilities.add) {
    const skip = whyNotNeeded(capability);
    test(`without ${capability} it does not do`, { skip }, async () => {
      await runInside(stage.lab.namespace('node1'), ['conntrack', '-F']);
      const lesser = stage.pod(manifests).start('fairway', without(capability));
      try {
        assert.equal(await doesItsWork(stage, lesser), false, lesser.logged());
      } finally {
        await lesser.stop();
      }
    });
  }

  test('the clean-up leaves nothing of it, and what is the kubelet’s', async () => {
    const { exitCode, log } = await stage.pod(render('cleanup')).start('cleanup').ended();
    assert.equal(exitCode, 0, log);
    const left = (await savedRules(stage, runner)).match(/\bKUBE-[\w-]+/g) ?? [];
    assert.deepEqual([...new Set(left)], [KUBELET_CHAIN]);
    const node1 = stage.lab.namespace('node1');
    assert.equal(await runInside(node1, ['ipset', 'list', '-name']), '');
    assert.equal(
      await runInside(node1, ['ip', 'route', 'show', 'table', 'local', 'proto', '142']),
      '',
    );
    const sysctl = await runInside(node1, ['sysctl', '-n', 'net.ipv4.conf.all.route_localnet']);
    assert.equal(sysctl, '0');
  });
}

function without(capability: string): (container: Container) => Container {
  return ({ securityContext, ...rest }) => {
    const { add, drop } = securityContext.capabilities;
    const capabilities = { drop, add: add.filter((each) => each !== capability) };
    return { ...rest, securityContext: { ...securityContext, capabilities } };
  };
}

/** BPF is for pods on a bridge whose packets iptables sees (src/relay/openSocketLookup.ts). */
function whyNotNeeded(capability: string): string | false {
  if (capability !== 'BPF' || existsSync('/proc/sys/net/bridge')) return false;
  return 'this kernel has no br_netfilter';
}

/** Of both families, as the node's own programs print them. */
async function savedRules({ lab }: Stage, { variant }: Runner): Promise<string> {
  const programs = [`iptables-${variant}-save`, `ip6tables-${variant}-save`];
  const saved = await Promise.all(
    programs.map((program) => runInside(lab.namespace('node1'), [program])),
  );
  return saved.join('\n');
}

function surges(manifests: readonly Manifest[]): boolean {
  const { spec } = only(manifests, 'DaemonSet') as unknown as {
    readonly spec: { readonly updateStrategy: { readonly rollingUpdate: object } };
  };
  const { rollingUpdate } = spec.updateStrategy;
  return 'maxSurge' in rollingUpdate && rollingUpdate.maxSurge === 1;
}
