import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFlowTable } from '../../../../src/relay/udp/flowTable.ts';
import { aDialled, aFlow } from './flows.ts';

const LIMITS = { mostFlows: 3, oneWayMs: 100, twoWayMs: 1000 };

function tableOf(limits = LIMITS) {
  const ended: unknown[] = [];
  const table = createFlowTable(limits, (flow) => {
    table.remove(flow);
    ended.push(flow.key);
  });
  return { table, ended };
}

test('room is made of one-way flows, the longest idle first, and not of conversations', () => {
  const { table, ended } = tableOf();
  const flows = [1, 2, 3].map((key) => aFlow(key));
  for (const flow of flows) {
    assert.ok(table.makeRoom(9, 0));
    table.add(flow);
  }
  const [first, second, third] = flows as [(typeof flows)[0], (typeof flows)[0], (typeof flows)[0]];
  table.clientSpoke(first, 1);
  assert.ok(table.makeRoom(9, 0));
  assert.deepEqual(ended, [2]);
  table.add(second);
  for (const flow of [first, second, third]) {
    table.endpointSpoke(flow, 2);
    table.clientSpoke(flow, 3);
  }
  assert.equal(table.makeRoom(9, 0), false);
  assert.equal(table.evict(), false);
  assert.equal(table.size(), 3);
});

test('where conversations fill the table, one that has long been silent makes room', () => {
  const { table, ended } = tableOf();
  for (const key of [1, 2, 3]) {
    const flow = aFlow(key);
    table.add(flow);
    table.endpointSpoke(flow, key);
    table.clientSpoke(flow, key);
  }
  assert.equal(table.makeRoom(5000, 0), false);
  assert.ok(table.makeRoom(5001, 0));
  assert.deepEqual(ended, [1]);
});

test('but not where the table is full of one-way flows', () => {
  const { table, ended } = tableOf();
  for (const key of [1, 2]) table.add(aFlow(key));
  const flow = aFlow(3);
  table.add(flow);
  table.endpointSpoke(flow, 0);
  table.clientSpoke(flow, 0);
  assert.equal(table.makeRoom(6000, 7000), false);
  assert.deepEqual(ended, []);
});

test('in a flood, room is made only of flows that were idle for a while', () => {
  const { table, ended } = tableOf();
  for (const key of [1, 2, 3]) {
    const flow = aFlow(key);
    table.add(flow);
    table.clientSpoke(flow, key);
  }
  assert.equal(table.makeRoom(10, 10), false);
  assert.deepEqual(ended, []);
  assert.ok(table.makeRoom(11, 10));
  assert.deepEqual(ended, [1]);
});

test('an answer alone makes no two-way flow: a spoofed client gets one, too', () => {
  const { table, ended } = tableOf();
  const flow = aFlow(1);
  table.add(flow);
  table.clientSpoke(flow, 0);
  table.endpointSpoke(flow, 1);
  assert.equal(table.evict(flow), false);
  assert.ok(table.evict());
  assert.deepEqual(ended, [1]);
});

test('idle flows end, two-way ones later', () => {
  const { table, ended } = tableOf();
  const [lonely, lively] = [aFlow(1), aFlow(2)];
  table.add(lonely);
  table.add(lively);
  table.endpointSpoke(lively, 10);
  table.clientSpoke(lively, 20);
  table.expire(99);
  assert.deepEqual(ended, []);
  table.expire(100);
  assert.deepEqual(ended, [1]);
  table.expire(1019);
  assert.deepEqual(ended, [1]);
  table.expire(1020);
  assert.deepEqual(ended, [1, 2]);
});

test('a dialled address knows its flows', () => {
  const { table } = tableOf();
  const dialled = aDialled('default/dns:/UDP/4');
  const flow = aFlow(1, { dialled });
  table.add(flow);
  assert.equal(dialled.flows.get(1), flow);
  table.remove(flow);
  assert.equal(dialled.flows.size, 0);
});
