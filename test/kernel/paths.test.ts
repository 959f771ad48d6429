/**
 * Through an external load balancer, NodePorts and an Ingress: draining a node, losing one, and
 * rolling the application out anew lose no request, in any mode.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import type { ConnectResult } from '../../src/compare/load/result.ts';
import { startServer } from '../compare/processes.ts';
import type { LabServer } from '../compare/processes.ts';
import { availableSubjects } from '../compare/subjects.ts';
import type { LabSubject } from '../compare/subjects.ts';
import { openLab, whyNoLab } from '../lab/lab.ts';
import type { Lab } from '../lab/lab.ts';
import { uniquePrefix } from '../lab/namespaces.ts';
import { runProgram } from '../lab/program.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { BALANCER, BALANCER_PORT, CLUSTER_IPS } from '../paths/configs.ts';
import { APP_PODS, endpointOf, INGRESS_PODS, openPaths, whyNoPaths } from '../paths/ground.ts';
import type { PathsGround } from '../paths/ground.ts';
import { sliceObject } from '../paths/objects.ts';
import type { EndpointState } from '../paths/objects.ts';

const RATE = 20;
/** The legacy variant has the same rules. */
const UNTRIED: readonly string[] = ['direct', 'iptables-legacy'];
/** Of these modes only; of all that there are without. */
const ONLY = process.env['FAIRWAY_LAB_MODES']?.split(',');

function isTried({ id }: LabSubject): boolean {
  return !UNTRIED.includes(id) && (ONLY?.some((mode) => id.startsWith(mode)) ?? true);
}

/** Requests from the client, a new connection each, for so long. */
async function requests(ground: PathsGround, seconds: number): Promise<ConnectResult> {
  const { result } = await ground.client.run({
    kind: 'connect',
    targets: [`${BALANCER}:${String(BALANCER_PORT)}`],
    ...{ rate: RATE, seconds: seconds * SLOWNESS, timeoutMs: 10_000, isHttp: true },
  });
  assert.equal(result.kind, 'connect');
  return result;
}

function pause(ms: number): Promise<void> {
  return wait(ms * SLOWNESS);
}

function assertNoneLost({ failures, atMs }: ConnectResult): void {
  assert.ok(atMs.length > 0);
  const lost = failures.flatMap((failure, index) =>
    failure === '' ? [] : [`${String(atMs[index])} ms: ${failure}`],
  );
  assert.deepEqual(lost, []);
}

/** One release of the application: a pod on each node. */
interface Release {
  readonly names: readonly string[];
  readonly endpoints: readonly EndpointState[];
  start(lab: Lab): Promise<readonly LabServer[]>;
}

const OLD: Release = {
  names: APP_PODS,
  endpoints: APP_PODS.map(endpointOf),
  start: (lab) => Promise.all(APP_PODS.map((pod) => startServer(lab, pod))),
};

/** The first pod of each node answers for more addresses than its own. */
const NEW_PODS = [
  { name: 'new1', member: 'pod1a', node: 'node1', address: '10.244.1.130' },
  { name: 'new2', member: 'pod2a', node: 'node2', address: '10.244.2.130' },
] as const;
const NEW: Release = {
  names: NEW_PODS.map(({ name }) => name),
  endpoints: NEW_PODS,
  start: (lab) =>
    Promise.all(
      NEW_PODS.map(({ name, member, address }) =>
        startServer(lab, member, ['--name', name, '--address', address]),
      ),
    ),
};

/** How long the balancer needs to find a node unhealthy, and to have no request of it under way. */
const BALANCED_MS = 800;

const PATIENCE_MS = 20_000 * SLOWNESS;

/** Resolves when exactly these answer, each some of the requests. */
async function untilAnsweredBy(ground: PathsGround, names: readonly string[]): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const { servers } = await requests(ground, 0.3);
    const answered = Object.keys(servers).sort();
    if (String(answered) === String(names)) return;
    if (performance.now() > deadline) assert.deepEqual(answered, names);
  }
}

/** Agents gather changes for up to a second. */
const SYNCED_MS = 1300;

/** As a Deployment does: the new ones are ready before the old ones are asked to end. */
async function rollOut(ground: PathsGround, next: Release): Promise<void> {
  const before = next === NEW ? OLD : NEW;
  const started = await next.start(ground.lab);
  const endpoints = before.endpoints.map((each) => ({ ...each, isTerminating: true }));
  await ground.put(sliceObject('app', [...next.endpoints, ...before.endpoints]));
  await pause(100);
  await ground.put(sliceObject('app', [...next.endpoints, ...endpoints]));
  await pause(SYNCED_MS);
  for (const server of ground.apps.splice(0, ground.apps.length, ...started)) await server.kill();
  await ground.put(sliceObject('app', next.endpoints));
}

describe('traffic into the cluster', { skip: whyNoLab() || whyNoPaths() }, () => {
  let lab: Lab;
  let ground: PathsGround;
  before(async () => {
    lab = await openLab(uniquePrefix('paths'));
    ground = await openPaths(lab);
  });
  after(async () => {
    await ground.close();
    lab.close();
  });

  for (const subject of availableSubjects().subjects.filter(isTried)) {
    describe(subject.title, () => {
      before(async () => {
        await ground.use(subject);
        // A request that came through says nothing of the other node.
        await untilAnsweredBy(ground, OLD.names);
      });

      test('a node that is drained gets no more clients, and loses none', async (t) => {
        const running = requests(ground, 3);
        await pause(300);
        const [first, second] = INGRESS_PODS.map(endpointOf);
        assert.ok(first && second);
        t.after(async () => {
          await ground.put(sliceObject('web', [first, second]));
          await untilAnsweredBy(ground, OLD.names);
        });
        // As the API tells of a pod that was asked to end: it goes on while the balancer learns.
        await ground.put(sliceObject('web', [{ ...first, isTerminating: true }, second]));
        await pause(SYNCED_MS + BALANCED_MS);
        const before = ground.log('pod1b').length;
        await ground.put(sliceObject('web', [second]));
        assertNoneLost(await running);
        assert.equal(ground.log('pod1b').length, before, 'node1 is out of the balancer');
      });

      test('a node that is lost costs no request, but those that it was answering', async (t) => {
        const began = performance.now();
        const running = requests(ground, 1.5);
        await pause(325);
        const link = ['-n', lab.namespace('internet'), 'link', 'set', 'veth-node1'];
        t.after(async () => {
          await runProgram('ip', [...link, 'up']);
          await untilAnsweredBy(ground, OLD.names);
        });
        await runProgram('ip', [...link, 'down']);
        const isDownMs = performance.now() - began;
        const { atMs, failures, ...rest } = await running;
        // What the node had begun to answer goes down with it, in every mode: one, at that pace.
        const lost = atMs.filter((_, index) => failures[index] !== '');
        assert.ok(lost.length <= 1 && lost.every((at) => at < isDownMs), String(lost));
        assert.ok(atMs.some((at) => at > isDownMs) && Object.keys(rest.servers).length > 0);
      });

      test('an application that is rolled out anew answers all the time, by the new ones in the end', async () => {
        const running = requests(ground, 4.5);
        await rollOut(ground, NEW);
        await untilAnsweredBy(ground, NEW.names);
        await rollOut(ground, OLD);
        assertNoneLost(await running);
      });

      test('a sidecar chooses pods itself: the node’s rules for the Service stay unused', async () => {
        const order = { targets: [`${CLUSTER_IPS.app}:80`], rate: 20, seconds: 0.5, isHttp: true };
        const { result } = await ground.sidecar.run({ kind: 'connect', ...order, timeoutMs: 5000 });
        assert.equal(result.kind, 'connect');
        // The Service would have led to this node's pod only.
        assert.deepEqual(Object.keys(result.servers).sort(), [...APP_PODS]);
        assert.deepEqual(Object.keys(result.seenAs), ['10.244.1.11']);
        assertNoneLost(result);
      });
    });
  }
});
