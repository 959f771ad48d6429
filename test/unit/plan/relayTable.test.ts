import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../src/net/address.ts';
import {
  endpointAddress,
  parseEndpoint,
  parseLine,
  printDestination,
  printRemoval,
  printService,
} from '../../../src/plan/relayTable.ts';
import type {
  EndpointAddress,
  RelayDestination,
  RelayService,
} from '../../../src/plan/relayTable.ts';

const WEB: RelayService = {
  name: 'default/web:http/TCP/4',
  balancing: 'round-robin',
  affinitySeconds: 10_800,
  maxConnections: 100,
  proxyProtocol: true,
  cluster: ['10.244.1.2:8080', '10.244.2.2:8080'] as EndpointAddress[],
  local: [],
  ending: ['10.244.1.3:8080'] as EndpointAddress[],
};
const WEB_LINE =
  'service default/web:http/TCP/4 balancing=round-robin affinity=10800 limit=100 proxy-protocol=2 cluster=10.244.1.2:8080,10.244.2.2:8080 local=- ending=10.244.1.3:8080';

const NODE_PORT: RelayDestination = {
  protocol: 'UDP',
  family: 6,
  ip: undefined,
  port: 30_053,
  service: 'kube-system/dns:/UDP/6',
  inside: 'cluster',
  outside: 'local',
};

test('a service is one line with all its fields', () => {
  assert.equal(printService(WEB), WEB_LINE);
  assert.deepEqual(parseLine(WEB_LINE), { kind: 'service', service: WEB });
});

test('a destination has an address, or any', () => {
  const line =
    'destination UDP/6 *:30053 service=kube-system/dns:/UDP/6 inside=cluster outside=local';
  assert.equal(printDestination(NODE_PORT), line);
  assert.deepEqual(parseLine(line), { kind: 'destination', destination: NODE_PORT });
  const exact = printDestination({ ...NODE_PORT, ip: 'fd00::a', port: 53 });
  assert.match(exact, /^destination UDP\/6 \[fd00::a\]:53 service=/);
});

test('every line has one that removes what it sets', () => {
  assert.equal(printRemoval(WEB_LINE), 'no service default/web:http/TCP/4');
  assert.deepEqual(parseLine(printRemoval(WEB_LINE)), { kind: 'no-service', name: WEB.name });
  const removal = printRemoval(printDestination(NODE_PORT));
  assert.equal(removal, 'no destination UDP/6 *:30053');
  const { protocol, family, ip, port } = NODE_PORT;
  const address = { protocol, family, ip, port };
  assert.deepEqual(parseLine(removal), { kind: 'no-destination', address });
});

test('an endpoint has one way to be written', () => {
  assert.equal(endpointAddress('fd00::2' as Ip, 80), '[fd00::2]:80');
  assert.deepEqual(parseEndpoint('[fd00::2]:80'), { ip: 'fd00::2', port: 80 });
  for (const text of [
    '10.0.0.1',
    '10.0.0.1:0',
    '10.0.0.1:080',
    '[10.0.0.1]:80',
    '[fd00:0::2]:80',
  ]) {
    assert.equal(parseEndpoint(text), undefined, text);
  }
});

test('what no printer prints is no line', () => {
  const lines = [
    '',
    'service',
    'no service',
    'no service default/web',
    'no destination TCP/4 *:0',
    'no destination TCP/6 10.96.0.1:80',
    'no destination SCTP/4 10.96.0.1:80',
    'endpoint 10.244.1.2:8080',
    `${WEB_LINE} `,
    `${WEB_LINE} colour=red`,
    WEB_LINE.replace('default/web', 'default/WEB'),
    WEB_LINE.replace('round-robin', 'wrr'),
    WEB_LINE.replace('10800', '-1'),
    WEB_LINE.replace('limit=100', 'limit=1e3'),
    WEB_LINE.replace('proxy-protocol=2', 'proxy-protocol=1'),
    WEB_LINE.replace('10.244.2.2:8080', '10.244.2.2:99999'),
    WEB_LINE.replace('local=-', 'local='),
    WEB_LINE.replace(/ ending=.*/, ''),
    'destination TCP/4 *:80 service=default/web:http/TCP/4 inside=cluster outside=remote',
    'destination TCP/4 *:80 service=web inside=cluster outside=local',
  ];
  for (const line of lines) assert.equal(parseLine(line), undefined, line);
});
