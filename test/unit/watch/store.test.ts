import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceKey } from '../../../src/model/names.ts';
import type { Kind } from '../../../src/watch/source.ts';
import { createStore } from '../../../src/watch/store.ts';
import type { Store } from '../../../src/watch/store.ts';

const STARTED_AT = Date.parse('2026-01-01T00:00:00Z');
const WEB = serviceKey('shop', 'web');
const API = serviceKey('shop', 'api');

/** A store and how often it said that something changed. */
interface Subject {
  readonly store: Store;
  calls(): number;
}

function newStore(): Subject {
  let calls = 0;
  const store = createStore({
    nodeName: 'node-1',
    startedAt: STARTED_AT,
    onChange: () => {
      calls += 1;
    },
  });
  return { store, calls: () => calls };
}

function list(store: Store, kind: Kind, ...objects: readonly object[]): void {
  store.listStarted(kind);
  for (const object of objects) store.put(kind, object);
  store.listFinished(kind);
}

/** A store that is synced with these objects, its changes taken. */
function syncedStore(services: readonly object[] = [], slices: readonly object[] = []): Subject {
  const subject = newStore();
  list(subject.store, 'Service', ...services);
  list(subject.store, 'EndpointSlice', ...slices);
  subject.store.takeChanges();
  const before = subject.calls();
  return { store: subject.store, calls: () => subject.calls() - before };
}

function service(name = 'web', spec: object = {}): object {
  return {
    metadata: { namespace: 'shop', name, uid: `uid-${name}`, resourceVersion: '1' },
    spec: { clusterIP: '10.96.0.1', ports: [{ port: 80 }], ...spec },
  };
}

interface SliceParts {
  readonly name?: string;
  readonly service?: string;
  readonly ip?: string;
  readonly trigger?: string;
}

function slice({
  name = 'web-1',
  service: owner = 'web',
  ip = '10.0.0.1',
  trigger,
}: SliceParts = {}): object {
  const annotations = { 'endpoints.kubernetes.io/last-change-trigger-time': trigger };
  return {
    metadata: {
      namespace: 'shop',
      name,
      labels: { 'kubernetes.io/service-name': owner },
      ...(trigger !== undefined && { annotations }),
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ip] }],
    ports: [{ port: 8080 }],
  };
}

function node(name = 'node-1', zone = 'a'): object {
  return {
    metadata: { name, labels: { 'topology.kubernetes.io/zone': zone } },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.1' }] },
  };
}

function dirty(store: Store): readonly string[] {
  return [...store.takeChanges().services].sort();
}

test('it is synced once Services and EndpointSlices were listed, Nodes or not', () => {
  const { store, calls } = newStore();
  list(store, 'Service');
  list(store, 'Node');
  assert.equal(store.isSynced(), false);
  assert.equal(calls(), 0);
  list(store, 'EndpointSlice');
  assert.equal(store.isSynced(), true);
  assert.equal(calls(), 1, 'an empty cluster is a change too');
});

test('nobody is woken before that', () => {
  const { store, calls } = newStore();
  store.listStarted('Service');
  store.put('Service', service());
  assert.equal(calls(), 0);
});

test('objects can be looked up', () => {
  const { store } = syncedStore([service()], [slice()]);
  assert.equal(store.service(WEB)?.clusterIPs[0], '10.96.0.1');
  assert.deepEqual([...store.serviceKeys()], [WEB]);
  assert.equal(store.slicesOf(WEB)[0]?.endpoints[0]?.ip, '10.0.0.1');
  assert.deepEqual(store.slicesOf(API), []);
  assert.equal(store.node(), undefined);
});

test('changes make their Services dirty, once taken no more', () => {
  const { store, calls } = syncedStore();
  store.put('Service', service());
  store.put('EndpointSlice', slice({ service: 'api' }));
  assert.equal(calls(), 2);
  assert.deepEqual(dirty(store), [API, WEB]);
  assert.deepEqual(dirty(store), []);
});

for (const [title, object] of [
  ['the same object again', service()],
  ['another status and version', { ...service(), status: { conditions: [{ type: 'x' }] } }],
] as const) {
  test(`${title} wakes nobody`, () => {
    const { store, calls } = syncedStore([service()], [slice()]);
    store.put('Service', object);
    store.put('EndpointSlice', slice({ trigger: '2026-02-01T00:00:00Z' }));
    assert.equal(calls(), 0);
    assert.deepEqual(dirty(store), []);
  });
}

test('a list removes what it does not name', () => {
  const { store } = syncedStore([service('web'), service('api')], [slice()]);
  list(store, 'Service', service('api'));
  assert.deepEqual(dirty(store), [WEB]);
  assert.equal(store.service(WEB), undefined);
  list(store, 'EndpointSlice');
  assert.deepEqual(dirty(store), [WEB]);
  assert.deepEqual(store.slicesOf(WEB), []);
});

test('a list that breaks off removes nothing; the next one does', () => {
  const { store } = syncedStore([service('web')]);
  store.listStarted('Service');
  store.put('Service', service('api'));
  list(store, 'Service');
  assert.deepEqual(dirty(store), [API, WEB]);
  assert.equal(store.counts().services, 0);
});

test('a removed object is gone, removing it again is nothing', () => {
  const { store, calls } = syncedStore([service()], [slice()]);
  for (let round = 0; round < 2; round += 1) {
    store.remove('Service', 'shop/web');
    store.remove('EndpointSlice', 'shop/web-1');
  }
  assert.equal(calls(), 2);
  assert.equal(store.service(WEB), undefined);
});

test('a Service that stops being ours is gone', () => {
  const { store } = syncedStore([service()]);
  store.put('Service', service('web', { clusterIP: 'None' }));
  assert.deepEqual(dirty(store), [WEB]);
  assert.equal(store.service(WEB), undefined);
});

test('a slice that moves to another Service makes both dirty', () => {
  const { store } = syncedStore([], [slice()]);
  store.put('EndpointSlice', slice({ service: 'api' }));
  assert.deepEqual(dirty(store), [API, WEB]);
  assert.deepEqual(store.slicesOf(WEB), []);
  assert.equal(store.slicesOf(API).length, 1);
});

test('the slices of a Service are in the order of their names, whatever came first', () => {
  const { store } = syncedStore(
    [],
    ['c', 'a', 'b'].map((name) => slice({ name })),
  );
  store.put('EndpointSlice', slice({ name: 'a', ip: '10.0.0.9' }));
  assert.deepEqual(
    store.slicesOf(WEB).map(({ reference }) => reference.name),
    ['a', 'b', 'c'],
  );
});

test('only our own Node counts, and only what is used of it', () => {
  const { store, calls } = syncedStore();
  store.put('Node', node('node-2'));
  store.put('Node', node());
  store.put('Node', { ...node(), spec: { unschedulable: true } });
  assert.equal(calls(), 1);
  assert.equal(store.takeChanges().nodeChanged, true);
  assert.equal(store.takeChanges().nodeChanged, false);
  assert.equal(store.node()?.zone, 'a');
});

test('a Node that is deleted stays, leaving', () => {
  const { store } = syncedStore();
  store.put('Node', node());
  store.remove('Node', '/node-1');
  assert.deepEqual(store.node()?.ips, ['192.0.2.1']);
  assert.equal(store.node()?.isLeaving, true);
});

test('a problem is told once, and counted while it lasts', () => {
  const { store, calls } = syncedStore();
  const bad = service('web', { ports: [{ port: 0 }] });
  store.put('Service', bad);
  store.put('Service', bad);
  const { problems } = store.takeChanges();
  assert.deepEqual(
    problems.map(({ object, field }) => `${object.namespace}/${object.name} ${field}`),
    ['shop/web spec.ports[0].port'],
  );
  assert.equal(store.problems().length, 1);
  assert.ok(calls() > 0);
  store.put('Service', service());
  assert.equal(store.problems().length, 0);
});

test('a problem goes with its object, also when a list leaves it out', () => {
  const { store } = syncedStore();
  store.put('Service', { metadata: { namespace: 'shop', name: 'Bad_Name' } });
  assert.equal(store.problems().length, 1);
  list(store, 'Service');
  assert.equal(store.problems().length, 0);
});

test('changes are counted, taken or not', () => {
  const { store } = syncedStore([service()], [slice()]);
  store.put('EndpointSlice', slice({ ip: '10.0.0.2' }));
  store.put('EndpointSlice', slice({ ip: '10.0.0.3' }));
  const { pendingEndpointChanges, totalEndpointChanges, totalServiceChanges } = store.counts();
  assert.deepEqual([pendingEndpointChanges, totalEndpointChanges, totalServiceChanges], [2, 3, 1]);
  const taken = store.takeChanges();
  assert.deepEqual([taken.endpointChanges, taken.serviceChanges], [2, 0]);
  assert.equal(store.counts().pendingEndpointChanges, 0);
  assert.equal(store.counts().totalEndpointChanges, 3);
});

test('of several triggers of a Service the first counts', () => {
  const { store } = syncedStore();
  store.put('EndpointSlice', slice({ ip: '10.0.0.2', trigger: '2026-01-01T00:00:20Z' }));
  store.put('EndpointSlice', slice({ ip: '10.0.0.3', trigger: '2026-01-01T00:00:10.5Z' }));
  store.put('EndpointSlice', slice({ ip: '10.0.0.4', trigger: '2026-01-01T00:00:30Z' }));
  assert.deepEqual([...store.takeChanges().triggerTimes], [[WEB, STARTED_AT + 10_500]]);
});

for (const trigger of ['2025-12-31T23:59:59Z', 'yesterday', '', undefined]) {
  test(`the trigger ${String(trigger)} is not our delay`, () => {
    const { store } = syncedStore();
    store.put('EndpointSlice', slice(trigger === undefined ? {} : { trigger }));
    assert.equal(store.takeChanges().triggerTimes.size, 0);
  });
}

test('what is no object is ignored', () => {
  const { store, calls } = syncedStore();
  for (const object of [null, 1, 'x', [], {}, { metadata: {} }]) {
    for (const kind of ['Service', 'EndpointSlice', 'Node'] as const) store.put(kind, object);
  }
  assert.equal(calls(), 0);
});
