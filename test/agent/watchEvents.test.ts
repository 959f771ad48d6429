import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { ObjectReference } from '../../src/model/types.ts';
import type { Log } from '../../src/observe/log.ts';
import { connectTo } from '../../src/watch/connection.ts';
import { createEventSink, nodeReference } from '../../src/watch/events.ts';
import type { EventSink } from '../../src/watch/events.ts';
import { fromKubeconfig } from '../../src/watch/kubeconfig.ts';
import { startFakeApiServer } from '../support/fakeApiServer.ts';
import type { FakeApiServer } from '../support/fakeApiServer.ts';

const TIMEOUT = { timeout: 20_000 };

const WEB: ObjectReference = { kind: 'Service', namespace: 'shop', name: 'web', uid: 'u-1' };

interface Scene {
  readonly server: FakeApiServer;
  readonly sink: EventSink;
  /** Log lines below and above debug. */
  readonly debug: string[];
  readonly louder: string[];
  setTime(ms: number): void;
  /** Resolves once all that was handed in has been answered. */
  flush(): Promise<void>;
}

async function setUp(context: TestContext, nodeName = 'node-1'): Promise<Scene> {
  const server = await startFakeApiServer();
  const connection = connectTo(await fromKubeconfig(await server.writeKubeconfig()));
  let time = Date.parse('2026-01-01T00:00:00.123Z');
  const debug: string[] = [];
  const louder: string[] = [];
  const add = (message: string): void => void louder.push(message);
  const log: Log = {
    error: add,
    warn: add,
    info: add,
    debug: (message) => void debug.push(message),
  };
  const answered: Promise<void>[] = [];
  const sink = createEventSink({
    connection: {
      ...connection,
      post(...request) {
        const answer = connection.post(...request);
        answered.push(answer);
        return answer;
      },
    },
    nodeName,
    log,
    now: () => time,
  });
  context.after(async () => {
    await sink.stop();
    connection.close();
    await server.close();
  });
  return {
    server,
    sink,
    debug,
    louder,
    setTime: (ms) => {
      time += ms;
    },
    async flush() {
      for (let seen = -1; seen !== answered.length;) {
        seen = answered.length;
        await Promise.allSettled(answered);
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
  };
}

/** The parts of an Event that more than one test looks at. */
interface PostedEvent {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly type: string;
  readonly reason: string;
  readonly note: string;
  readonly regarding: ObjectReference;
}

function eventOf({ events }: FakeApiServer): PostedEvent {
  return events[0] as PostedEvent;
}

function notes({ events }: FakeApiServer): string[] {
  return events.map((event) => (event as PostedEvent).note);
}

test('a problem becomes an event on its object', TIMEOUT, async (t) => {
  const { server, sink, flush } = await setUp(t);
  sink.problem(WEB, 'InvalidField', 'spec.ports[0].port: expected a port, found 0');
  await flush();
  const { metadata, ...event } = eventOf(server);
  assert.match(metadata.name, /^web\.[0-9a-f]{16}$/);
  assert.equal(metadata.namespace, 'shop');
  assert.deepEqual(event, {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    eventTime: '2026-01-01T00:00:00.123000Z',
    reportingController: 'fairway',
    reportingInstance: 'fairway-node-1',
    action: 'Sync',
    type: 'Warning',
    reason: 'InvalidField',
    regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'shop', name: 'web', uid: 'u-1' },
    note: 'spec.ports[0].port: expected a port, found 0',
  });
  assert.equal(server.requests[0]?.path, '/apis/events.k8s.io/v1/namespaces/shop/events');
});

test('the start becomes an event on the Node, in the default namespace', TIMEOUT, async (t) => {
  const { server, sink, flush } = await setUp(t);
  sink.started('node-1');
  await flush();
  const event = eventOf(server);
  assert.equal(event.reason, 'Starting');
  assert.equal(event.type, 'Normal');
  assert.equal(event.regarding.uid, 'node-1');
  assert.equal(event.metadata.namespace, 'default');
});

test('a problem of the Node is an event on it, which can be waited for', TIMEOUT, async (t) => {
  const { server, sink } = await setUp(t);
  sink.problem(nodeReference('node-1'), 'FailedToStartMetricServer', 'port 10249 is taken');
  await sink.settled();
  const { reason, type, regarding, metadata } = eventOf(server);
  assert.deepEqual([reason, type], ['FailedToStartMetricServer', 'Warning']);
  const { kind, name, uid } = regarding;
  assert.deepEqual([kind, name, uid], ['Node', 'node-1', 'node-1']);
  assert.equal(metadata.namespace, 'default');
});

test('the same is said once in ten minutes', TIMEOUT, async (t) => {
  const { server, sink, flush, setTime } = await setUp(t);
  sink.problem(WEB, 'InvalidField', 'bad');
  setTime(599_000);
  sink.problem(WEB, 'InvalidField', 'bad');
  sink.problem(WEB, 'InvalidField', 'worse');
  setTime(1_000);
  sink.problem(WEB, 'InvalidField', 'bad');
  await flush();
  assert.deepEqual(notes(server), ['bad', 'worse', 'bad']);
});

test(
  'all nodes give the same problem the same name, so that one event is kept',
  TIMEOUT,
  async (t) => {
    const scenes = [await setUp(t, 'node-1'), await setUp(t, 'node-2')];
    for (const { sink, flush } of scenes) {
      sink.problem(WEB, 'InvalidField', 'bad');
      await flush();
    }
    const names = scenes.map(({ server }) => eventOf(server).metadata.name);
    assert.equal(names[0], names[1]);
  },
);

test('of a flood only the beginning is posted, later a little more', TIMEOUT, async (t) => {
  const { server, sink, flush, debug, setTime } = await setUp(t);
  for (let index = 0; index < 100; index += 1) sink.problem(WEB, 'InvalidField', String(index));
  await flush();
  assert.equal(server.events.length, 20);
  assert.equal(debug.length, 80);
  setTime(60_000);
  for (let index = 200; index < 300; index += 1) sink.problem(WEB, 'InvalidField', String(index));
  await flush();
  assert.equal(server.events.length, 22);
});

test('an event that is refused is logged for debugging only', TIMEOUT, async (t) => {
  const { server, sink, flush, debug, louder } = await setUp(t);
  server.fail({ verb: 'create', status: 403 });
  sink.problem(WEB, 'InvalidField', 'bad');
  sink.problem(WEB, 'InvalidField', 'worse');
  await flush();
  assert.deepEqual(debug, ['event not posted']);
  assert.deepEqual(louder, []);
  assert.equal(server.events.length, 1, 'the next one is posted all the same');
});

test('a long message is cut to what the API accepts', TIMEOUT, async (t) => {
  const { server, sink, flush } = await setUp(t);
  sink.problem(WEB, 'InvalidField', 'x'.repeat(5000));
  await flush();
  assert.equal(notes(server)[0]?.length, 1024);
});
