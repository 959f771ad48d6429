import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ipBytes } from '../../../../src/relay/native/socketAddress.ts';
import { serviceStates } from '../../../../src/relay/serviceState.ts';
import { createTable } from '../../../../src/relay/table.ts';
import type { Dialled } from '../../../../src/relay/udp/flow.ts';
import { flowsEndedBy } from '../../../../src/relay/udp/tableChange.ts';
import { aDialled, aFlow, line } from './flows.ts';

const DNS = 'default/dns:/UDP/4';
const [A, B] = ['10.244.1.2:53', '10.244.1.3:53'];

function dns(lists: string): string {
  return `service ${DNS} balancing=random affinity=- limit=- proxy-protocol=- ${lists}`;
}

/** Keys of the flows that the line ends, after a table of these lines has followed it. */
function endedBy(text: string, dialleds: readonly Dialled[], ...before: string[]): unknown[] {
  const table = createTable(serviceStates(() => assert.fail(), Math.random));
  for (const each of [...before, text]) {
    const parsed = line(each);
    if (parsed.kind.endsWith('destination')) table.follow(parsed);
  }
  const known = {
    find: (key: unknown) => dialleds.find((each) => each.key === key),
    ofService: (name: string) => dialleds.filter(({ destination }) => destination.service === name),
    all: () => dialleds,
  };
  return flowsEndedBy(line(text), known, table).map(({ key }) => key);
}

test('an endpoint that left a list ends the flows of that list, one that ends in peace does not', () => {
  const dialled = aDialled(DNS);
  aFlow(1, { dialled, at: A });
  aFlow(2, { dialled, at: A, list: 'local' });
  aFlow(3, { dialled, at: B });
  assert.deepEqual(endedBy(dns(`cluster=${A},${B} local=- ending=-`), [dialled]), [2]);
  assert.deepEqual(endedBy(dns(`cluster=${B} local=- ending=${A}`), [dialled]), []);
  assert.deepEqual(endedBy(dns(`cluster=${B} local=${A} ending=-`), [dialled]), [1]);
  assert.deepEqual(endedBy(`no service ${DNS}`, [dialled]), [1, 2, 3]);
  assert.deepEqual(endedBy('no service default/other:/UDP/4', [dialled]), []);
});

test('a destination that leads elsewhere ends its flows', () => {
  const dialled = aDialled(DNS);
  aFlow(1, { dialled, at: A });
  const same = `destination UDP/4 10.96.0.10:53 service=${DNS} inside=cluster outside=local`;
  assert.deepEqual(endedBy(same, [dialled]), []);
  assert.deepEqual(endedBy(same.replace('outside=local', 'outside=cluster'), [dialled]), [1]);
  assert.deepEqual(endedBy(same.replace(':53', ':54'), [dialled]), []);
  assert.deepEqual(endedBy(same.replace('UDP/4 10', 'TCP/4 10'), [dialled]), []);
  assert.deepEqual(endedBy('no destination UDP/4 10.96.0.10:53', [dialled], same), [1]);
});

test('any address concerns whoever dialled that port and has nothing nearer', () => {
  const [node, vip] = [aDialled(DNS, '192.168.1.1:53'), aDialled(DNS)];
  aFlow(1, { dialled: node, at: A });
  aFlow(2, { dialled: vip, at: A });
  const any = `destination UDP/4 *:53 service=${DNS} inside=cluster outside=local`;
  const exact = any.replace('*', '10.96.0.10');
  assert.deepEqual(endedBy('no destination UDP/4 *:53', [node, vip], any, exact), [1]);
  assert.deepEqual(endedBy('no destination UDP/4 *:54', [node, vip], any, exact), []);
  assert.equal(ipBytes('192.168.1.1').length, 4);
});
