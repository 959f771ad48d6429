import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseNode } from '../../../src/model/parseNode.ts';
import { node, parsedNode } from '../../support/builders.ts';

test('a whole Node, as the API server sends it', () => {
  const options = {
    name: 'node-1.example.com',
    ips: ['192.168.0.1', 'fd00::1'],
    zone: 'zone-a',
    podCIDRs: ['10.244.1.0/24', 'fd00:10::/64'],
  };
  assert.deepEqual(parsedNode(options), {
    name: 'node-1.example.com',
    ips: ['192.168.0.1', 'fd00::1'],
    zone: 'zone-a',
    podCIDRs: ['10.244.1.0/24', 'fd00:10::/64'],
    isLeaving: false,
  });
});

test('the first InternalIP of each family counts, else the first ExternalIP', () => {
  const addresses = [
    { type: 'Hostname', address: 'node-1' },
    { type: 'ExternalIP', address: '203.0.113.1' },
    { type: 'ExternalIP', address: '2001:db8::1' },
    { type: 'InternalIP', address: '192.168.0.1' },
    { type: 'InternalIP', address: '192.168.0.2' },
  ];
  const { node: parsed, problems } = parseNode({ ...node(), status: { addresses } });
  assert.deepEqual(parsed?.ips, ['192.168.0.1', '2001:db8::1']);
  assert.deepEqual(problems, []);
});

test('a node without labels, status and spec is a node', () => {
  assert.deepEqual(parseNode({ metadata: { name: 'a' } }), {
    node: { name: 'a', ips: [], zone: undefined, podCIDRs: [], isLeaving: false },
    problems: [],
  });
});

test('43: an empty zone label is no zone', () => {
  assert.equal(parsedNode({ zone: '' }).zone, undefined);
});

test('podCIDR alone is enough', () => {
  const { node: parsed } = parseNode({ ...node(), spec: { podCIDR: '10.244.1.0/24' } });
  assert.deepEqual(parsed?.podCIDRs, ['10.244.1.0/24']);
});

test('28: a node that is being deleted is leaving', () => {
  const raw = { metadata: { name: 'a', deletionTimestamp: '2026-01-31T12:00:00Z' } };
  assert.equal(parseNode(raw).node?.isLeaving, true);
});

test('28: so is one that the autoscaler is about to delete, but none with another taint', () => {
  const doomed = { key: 'ToBeDeletedByClusterAutoscaler', effect: 'NoSchedule' };
  const cordoned = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };
  assert.equal(parsedNode({ taints: [cordoned, doomed] }).isLeaving, true);
  assert.equal(parsedNode({ taints: [cordoned] }).isLeaving, false);
});

test('bad parts are left out with a Problem', () => {
  const { node: parsed, problems } = parseNode({
    ...node({ ips: ['192.168.0.256'], podCIDRs: ['10.244.1.0', '10.244.2.0/24'] }),
  });
  assert.deepEqual(
    problems.map((each) => each.field),
    ['status.addresses[0].address', 'spec.podCIDRs[0]'],
  );
  assert.deepEqual(parsed?.ips, []);
  assert.deepEqual(parsed.podCIDRs, ['10.244.2.0/24']);
});

for (const name of ['', 'Node', 'a_b', 'a..b', 'a\n', 'a'.repeat(254), 1]) {
  test(`a node named ${JSON.stringify(name).slice(0, 20)} is no node`, () => {
    const { node: parsed, problems } = parseNode({ metadata: { name } });
    assert.equal(parsed, undefined);
    assert.deepEqual(
      problems.map((each) => each.field),
      ['metadata.name'],
    );
  });
}
