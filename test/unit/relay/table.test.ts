import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLine } from '../../../src/plan/relayTable.ts';
import type { RelayLine, RelayService } from '../../../src/plan/relayTable.ts';
import { ipBytes } from '../../../src/relay/native/socketAddress.ts';
import { createTable } from '../../../src/relay/table.ts';

function line(text: string): RelayLine {
  return parseLine(text) ?? assert.fail(text);
}

const REST = 'limit=- proxy-protocol=- cluster=10.244.1.2:80 local=- ending=-';
const WEB = 'default/web:http/TCP/4';
const SERVICE = `service ${WEB} balancing=random affinity=- ${REST}`;
const CLUSTER = `service=${WEB} inside=cluster outside=cluster`;

interface State {
  service: RelayService;
  updates: number;
}

function tableOf(...lines: readonly string[]) {
  const removed: string[] = [];
  const table = createTable<State>({
    create: (service) => ({ service, updates: 0 }),
    update(state, service) {
      state.service = service;
      state.updates += 1;
    },
    remove: ({ service }) => removed.push(service.name),
  });
  for (const each of lines) table.follow(line(each));
  return { table, removed };
}

test('an address of its own goes before any address, in both families', () => {
  const { table } = tableOf(
    `destination TCP/4 10.96.0.1:80 ${CLUSTER}`,
    `destination TCP/4 *:80 service=default/any:/TCP/4 inside=cluster outside=local`,
    `destination TCP/6 [fd00::1]:80 ${CLUSTER}`,
    `destination TCP/6 *:80 service=default/any:/TCP/6 inside=cluster outside=local`,
  );
  const find = (ip: string, port: number) => table.find('TCP', ipBytes(ip), port)?.service;
  assert.equal(find('10.96.0.1', 80), WEB);
  assert.equal(find('10.96.0.2', 80), 'default/any:/TCP/4');
  assert.equal(find('fd00::1', 80), WEB);
  assert.equal(find('fd00::2', 80), 'default/any:/TCP/6');
  assert.equal(find('10.96.0.1', 81), undefined);
  assert.equal(table.find('UDP', ipBytes('10.96.0.1'), 80), undefined);
});

test('a destination goes by its removal, and only that', () => {
  const { table } = tableOf(
    `destination TCP/4 10.96.0.1:80 ${CLUSTER}`,
    `destination TCP/4 *:80 ${CLUSTER}`,
    'no destination TCP/4 10.96.0.1:80',
    'no destination TCP/4 10.96.0.9:80',
  );
  assert.equal(table.find('TCP', ipBytes('10.96.0.1'), 80)?.ip, undefined);
  table.follow(line('no destination TCP/4 *:80'));
  assert.equal(table.find('TCP', ipBytes('10.96.0.1'), 80), undefined);
});

test('the state of a service lives through its changes and goes with it', () => {
  const { table, removed } = tableOf(SERVICE);
  const before = table.service(WEB);
  table.follow(line(SERVICE.replace('affinity=-', 'affinity=10')));
  assert.equal(table.service(WEB), before);
  assert.equal(before?.service.affinitySeconds, 10);
  assert.equal(before.updates, 1);
  table.follow(line(`no service ${WEB}`));
  table.follow(line(`no service ${WEB}`));
  assert.deepEqual(removed, [WEB]);
  assert.equal(table.service(WEB), undefined);
});
