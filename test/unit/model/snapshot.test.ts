import assert from 'node:assert/strict';
import { test } from 'node:test';

import { buildSnapshot, emptySnapshot } from '../../../src/model/snapshot.ts';
import type { SnapshotInputs } from '../../../src/model/snapshot.ts';
import type { ServiceKey, Snapshot } from '../../../src/model/types.ts';
import { inputsOf, POLICY } from '../../support/builders.ts';
import type { ClusterOptions, ServiceOptions } from '../../support/builders.ts';

const A: ServiceOptions = { name: 'a', clusterIPs: ['10.96.0.1'] };
const B: ServiceOptions = { name: 'b', clusterIPs: ['10.96.0.2'] };
const SLICE_A = { service: 'a', endpoints: ['10.244.0.1'] };
const SLICE_B = { service: 'b', endpoints: ['10.244.0.2'] };
const CLUSTER: ClusterOptions = { services: [A, B], slices: [SLICE_A, SLICE_B] };

test('an empty Snapshot is what a cluster without Services makes', () => {
  const empty = emptySnapshot(POLICY, [4]);
  const built = buildSnapshot(inputsOf({ services: [], families: [4] }));
  assert.deepEqual(contentOf({ ...built, node: empty.node }), contentOf(empty));
});

test('nothing changed: the Snapshot before is returned itself', () => {
  const before = buildSnapshot(inputsOf(CLUSTER));
  assert.equal(buildSnapshot(inputsOf(CLUSTER), before), before);
  assert.equal(buildSnapshot(inputsOf(CLUSTER), before, keys('a', 'b', 'gone')), before);
  assert.equal(buildSnapshot(inputsOf(CLUSTER), before, keys()), before);
});

test('one slice changed: every other ServicePort is the same object', () => {
  const before = buildSnapshot(inputsOf(CLUSTER));
  const changed = { ...SLICE_A, endpoints: ['10.244.0.9'] };
  const after = buildSnapshot(
    inputsOf({ ...CLUSTER, slices: [changed, SLICE_B] }),
    before,
    keys('a'),
  );
  const [a, b] = [...after.ports.values()];
  const [formerA, formerB] = [...before.ports.values()];
  assert.deepEqual(
    a?.clusterEndpoints.map(({ ip }) => ip),
    ['10.244.0.9'],
  );
  assert.notEqual(a, formerA);
  assert.equal(b, formerB);
  assert.equal(after.health, before.health);
  assert.equal(after.claims, before.claims);
});

test('only dirty Services are read', () => {
  const before = buildSnapshot(inputsOf(CLUSTER));
  const read: ServiceKey[] = [];
  const inputs = inputsOf(CLUSTER);
  const watched: SnapshotInputs = {
    ...inputs,
    service: (key) => {
      read.push(key);
      return inputs.service(key);
    },
    serviceKeys: () => assert.fail('a partial build lists no Services'),
  };
  buildSnapshot(watched, before, keys('b'));
  assert.deepEqual(read, ['default/b']);
});

test('a hint that changes no decision changes no ServicePort', () => {
  const before = buildSnapshot(inputsOf(CLUSTER));
  const hinted = { ...SLICE_A, endpoints: [{ ip: '10.244.0.1', zoneHints: ['zone-a'] }] };
  const inputs = inputsOf({ ...CLUSTER, slices: [hinted, SLICE_B] });
  assert.equal(buildSnapshot(inputs, before, keys('a')), before);
});

test('a Service that goes takes its ports, health and problems with it', () => {
  const full: ServiceOptions = {
    ...A,
    type: 'LoadBalancer',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 31000,
    externalIPs: ['10.96.0.2'],
  };
  const before = buildSnapshot(inputsOf({ ...CLUSTER, services: [full, B] }));
  assert.deepEqual([before.ports.size, before.health.size, before.problems.size], [2, 1, 1]);
  const after = buildSnapshot(inputsOf({ ...CLUSTER, services: [B] }), before, keys('a'));
  assert.deepEqual([after.ports.size, after.health.size, after.problems.size], [1, 0, 0]);
  assert.deepEqual([...after.claims.keys()], ['10.96.0.2', '10.96.0.2 80/TCP']);
});

test('a Service whose name begins like another one is another one', () => {
  const long: ServiceOptions = { name: 'a-1', clusterIPs: ['10.96.0.3'] };
  const before = buildSnapshot(inputsOf({ services: [A, long], slices: [] }));
  const after = buildSnapshot(inputsOf({ services: [long], slices: [] }), before, keys('a'));
  assert.deepEqual([...after.ports.keys()], ['default/a-1:http/TCP/4']);
});

test('44: who waited for an address gets it when its owner lets go of it, unasked', () => {
  const externalIPs = ['192.0.2.1'];
  const waiting = { ...B, externalIPs };
  const before = buildSnapshot(
    inputsOf({ ...CLUSTER, services: [{ ...A, externalIPs }, waiting] }),
  );
  const after = buildSnapshot(inputsOf({ ...CLUSTER, services: [A, waiting] }), before, keys('a'));
  assert.deepEqual([...before.problems.keys()], ['default/b']);
  assert.equal(after.problems.size, 0);
  assert.equal([...after.ports.values()][1]?.destinations.length, 2);
});

test('44: who had an address loses it to a Service with a better claim, unasked', () => {
  const squatter = { ...A, externalIPs: ['10.96.0.2'], ports: [{ name: 'http', port: 853 }] };
  const before = buildSnapshot(inputsOf({ services: [squatter], slices: [] }));
  const after = buildSnapshot(inputsOf({ services: [squatter, B], slices: [] }), before, keys('b'));
  assert.equal([...before.ports.values()][0]?.destinations.length, 2);
  assert.equal([...after.ports.values()][0]?.destinations.length, 1);
  assert.deepEqual([...after.problems.keys()], ['default/a']);
});

test('another node, policy or set of families: all is decided anew, the rest kept', () => {
  const before = buildSnapshot(inputsOf(CLUSTER));
  const masqueraded = { ...CLUSTER, policy: { masqueradeAll: true } };
  const after = buildSnapshot(inputsOf(masqueraded), before, keys());
  assert.equal(after.policy.masqueradeAll, true);
  assert.equal(after.ports, before.ports);
  const moved = { ...CLUSTER, node: { name: 'node-2' } };
  assert.equal(buildSnapshot(inputsOf(moved), before, keys()).node.name, 'node-2');
  const other = { ...CLUSTER, families: [6 as const] };
  assert.equal(buildSnapshot(inputsOf(other), before, keys()).ports.size, 0);
});

function keys(...names: readonly string[]): ReadonlySet<ServiceKey> {
  return new Set(names.map((name) => `default/${name}` as ServiceKey));
}

function contentOf(snapshot: Snapshot): Readonly<Record<string, unknown>> {
  const { ports, health, problems, services, claims, ...ground } = snapshot;
  return { ...ground, sizes: [ports, health, problems, services, claims].map(({ size }) => size) };
}
