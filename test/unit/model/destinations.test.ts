import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Destination, ServicePort, Snapshot } from '../../../src/model/types.ts';
import { snapshotOf } from '../../support/builders.ts';
import type { ClusterOptions, ServiceOptions } from '../../support/builders.ts';

const EVERYTHING: ServiceOptions = {
  type: 'LoadBalancer',
  clusterIPs: ['10.96.0.10', 'fd00:96::a'],
  externalIPs: ['192.0.2.7', '2001:db8::7'],
  ingress: ['203.0.113.9', '2001:db8::9'],
  ports: [{ name: 'http', port: 80, nodePort: 30080 }],
};

test('a port has a destination for each address, in a fixed order, per family', () => {
  const snapshot = snapshotOf({ services: [EVERYTHING] });
  assert.deepEqual(
    [...snapshot.ports.keys()],
    ['default/web:http/TCP/4', 'default/web:http/TCP/6'],
  );
  assert.deepEqual(addresses(snapshot, 'default/web:http/TCP/4'), [
    'ClusterIP 10.96.0.10 80',
    'ExternalIP 192.0.2.7 80',
    'LoadBalancerIP 203.0.113.9 80',
    'NodePort * 30080',
  ]);
  assert.deepEqual(addresses(snapshot, 'default/web:http/TCP/6'), [
    'ClusterIP fd00:96::a 80',
    'ExternalIP 2001:db8::7 80',
    'LoadBalancerIP 2001:db8::9 80',
    'NodePort * 30080',
  ]);
});

test('a family in which the Service has no ClusterIP has no ports', () => {
  const services = [{ ...EVERYTHING, clusterIPs: ['10.96.0.10'] }];
  assert.deepEqual([...snapshotOf({ services }).ports.keys()], ['default/web:http/TCP/4']);
});

test('nor has one that the node cannot program', () => {
  const snapshot = snapshotOf({ services: [EVERYTHING], families: [6] });
  assert.deepEqual([...snapshot.ports.keys()], ['default/web:http/TCP/6']);
});

test('one family without endpoints rejects while the other forwards', () => {
  const snapshot = snapshotOf({ services: [EVERYTHING] });
  assert.equal(portOf(snapshot, 'default/web:http/TCP/4').destinations[0]?.verdict, 'forward');
  assert.equal(portOf(snapshot, 'default/web:http/TCP/6').destinations[0]?.verdict, 'reject');
});

test('TCP and UDP on one port number are two ports', () => {
  const ports = [
    { name: 'dns', protocol: 'UDP', port: 53 },
    { name: 'dns-tcp', protocol: 'TCP', port: 53 },
  ];
  const snapshot = snapshotOf({ services: [{ ports }] });
  assert.deepEqual(
    [...snapshot.ports.keys()],
    ['default/web:dns-tcp/TCP/4', 'default/web:dns/UDP/4'],
  );
  assert.equal(snapshot.problems.size, 0);
});

test('4: each policy governs its own kinds of destinations', () => {
  const local = { internalTrafficPolicy: 'Local' };
  assert.deepEqual(policies({ ...EVERYTHING, ...local }), [
    'Local',
    'Cluster',
    'Cluster',
    'Cluster',
  ]);
  const external = { externalTrafficPolicy: 'Local' };
  assert.deepEqual(policies({ ...EVERYTHING, ...external }), [
    'Cluster',
    'Local',
    'Local',
    'Local',
  ]);
});

test('50: without a usable load balancer address the NodePort still works', () => {
  const ingress = [{ hostname: 'lb.example.com' }, { ip: '203.0.113.9', ipMode: 'Proxy' }];
  const services = [{ ...EVERYTHING, externalIPs: [], ingress }];
  assert.deepEqual(addresses(snapshotOf({ services }), 'default/web:http/TCP/4'), [
    'ClusterIP 10.96.0.10 80',
    'NodePort * 30080',
  ]);
});

test('an address that is both external IP and load balancer address is the latter, guarded', () => {
  const services = [
    {
      ...EVERYTHING,
      externalIPs: ['203.0.113.9'],
      loadBalancerSourceRanges: ['198.51.100.0/24'],
    },
  ];
  const snapshot = snapshotOf({ services });
  assert.deepEqual(addresses(snapshot, 'default/web:http/TCP/4'), [
    'ClusterIP 10.96.0.10 80',
    'LoadBalancerIP 203.0.113.9 80',
    'NodePort * 30080',
  ]);
  assert.equal(snapshot.problems.size, 0);
});

const RANGES: readonly (readonly [string, readonly string[], readonly string[] | undefined])[] = [
  ['no list admits everyone', [], undefined],
  ['a list admits what it names', ['198.51.100.0/24'], ['198.51.100.0/24']],
  ['/0 admits everyone', ['198.51.100.0/24', '0.0.0.0/0'], undefined],
  ['14: a list for the other family only admits nobody', ['fd00::/8'], []],
  ['14: /0 of the other family is none of ours', ['::/0'], []],
  [
    '15: a range with the node in it admits the own addresses, too',
    ['192.168.0.0/16'],
    ['192.168.0.0/16', '203.0.113.9/32'],
  ],
];

for (const [title, loadBalancerSourceRanges, expected] of RANGES) {
  test(`source ranges: ${title}`, () => {
    const snapshot = snapshotOf({ services: [{ ...EVERYTHING, loadBalancerSourceRanges }] });
    const { destinations } = portOf(snapshot, 'default/web:http/TCP/4');
    assert.deepEqual(
      destinations.map((each) => each.sourceRanges),
      [undefined, undefined, expected, undefined],
    );
  });
}

const OLD = '2024-01-01T00:00:00Z';
const NEW = '2025-01-01T00:00:00Z';

/** Two Services that want the same; which one has it. */
const CONTESTS: readonly (readonly [string, ServiceOptions, ServiceOptions, 'a' | 'b'])[] = [
  [
    'ClusterIP beats an older external IP',
    { externalIPs: ['10.96.0.2'], creationTimestamp: OLD },
    { creationTimestamp: NEW },
    'b',
  ],
  [
    'ClusterIP beats an older load balancer address',
    { type: 'LoadBalancer', ingress: ['10.96.0.2'], creationTimestamp: OLD },
    { creationTimestamp: NEW },
    'b',
  ],
  [
    'a load balancer address beats an older external IP',
    { externalIPs: ['203.0.113.9'], creationTimestamp: OLD },
    { type: 'LoadBalancer', ingress: ['203.0.113.9'], creationTimestamp: NEW },
    'b',
  ],
  [
    'of two external IPs the older Service has it',
    { externalIPs: ['192.0.2.1'], creationTimestamp: NEW },
    { externalIPs: ['192.0.2.1'], creationTimestamp: OLD },
    'b',
  ],
  ['then the first by name', { externalIPs: ['192.0.2.1'] }, { externalIPs: ['192.0.2.1'] }, 'a'],
  [
    'the same NodePort',
    { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30080 }] },
    { type: 'NodePort', ports: [{ name: 'http', port: 81, nodePort: 30080 }] },
    'a',
  ],
  [
    'an external IP cannot catch other ports of a ClusterIP',
    { externalIPs: ['10.96.0.2'], creationTimestamp: OLD, ports: [{ name: 'http', port: 853 }] },
    { creationTimestamp: NEW },
    'b',
  ],
  [
    'nor can an older ClusterIP be had twice, port by port',
    { clusterIPs: ['10.96.0.2'], creationTimestamp: NEW, ports: [{ name: 'http', port: 81 }] },
    { creationTimestamp: OLD },
    'b',
  ],
];

for (const [title, first, second, owner] of CONTESTS) {
  test(`44: ${title}`, () => {
    const services = [
      { name: 'a', clusterIPs: ['10.96.0.1'], ...first },
      { name: 'b', clusterIPs: ['10.96.0.2'], ...second },
    ];
    const loser = owner === 'a' ? 'b' : 'a';
    const snapshot = snapshotOf({ services });
    assert.deepEqual([...snapshot.problems.keys()], [`default/${loser}`]);
    const reversed = snapshotOf({ services: services.toReversed() });
    assert.deepEqual([...reversed.ports.entries()], [...snapshot.ports.entries()]);
    const alone = snapshotOf({ services: services.filter(({ name }) => name === owner) });
    const key = `default/${owner}:http/TCP/4`;
    assert.deepEqual(addresses(snapshot, key), addresses(alone, key));
    assert.equal(
      portOf(snapshot, `default/${loser}:http/TCP/4`).destinations.length,
      wanted(snapshotOf({ services: services.filter(({ name }) => name === loser) }), loser) - 1,
    );
  });
}

test('44: one external IP may be shared port by port, and protocol by protocol', () => {
  const externalIPs = ['192.0.2.1'];
  const services = [
    { name: 'a', clusterIPs: ['10.96.0.1'], externalIPs },
    { name: 'b', clusterIPs: ['10.96.0.2'], externalIPs, ports: [{ name: 'http', port: 81 }] },
    { name: 'c', clusterIPs: ['10.96.0.3'], externalIPs, ports: [{ port: 80, protocol: 'UDP' }] },
  ];
  assert.equal(snapshotOf({ services }).problems.size, 0);
});

test('44: two ports of one Service with the same number: the first by name has it', () => {
  const ports = [
    { name: 'b', port: 80 },
    { name: 'a', port: 80 },
  ];
  const snapshot = snapshotOf({ services: [{ ports }] });
  assert.equal(portOf(snapshot, 'default/web:a/TCP/4').destinations.length, 1);
  assert.equal(portOf(snapshot, 'default/web:b/TCP/4').destinations.length, 0);
  assert.equal(snapshot.problems.size, 1);
});

test('44: the Problem names the field and the owner', () => {
  const services = [
    { name: 'dns', clusterIPs: ['10.96.0.10'] },
    { name: 'evil', clusterIPs: ['10.96.0.66'], externalIPs: ['10.96.0.10'] },
  ];
  const problems = [...snapshotOf({ services }).problems.values()].flat();
  assert.deepEqual(problems, [
    {
      object: { kind: 'Service', namespace: 'default', name: 'evil', uid: 'uid-evil' },
      field: 'spec.externalIPs',
      message:
        'expected an address of its own, found 10.96.0.10 80/TCP, the ClusterIP of default/dns',
    },
  ]);
});

function portOf(snapshot: Snapshot, key: string): ServicePort {
  const port = [...snapshot.ports.values()].find((each) => each.key === key);
  assert.ok(port !== undefined, key);
  return port;
}

function addresses(snapshot: Snapshot, key: string): readonly string[] {
  return portOf(snapshot, key).destinations.map(
    ({ kind, ip, port }: Destination) => `${kind} ${ip ?? '*'} ${String(port)}`,
  );
}

function policies(service: ServiceOptions): readonly string[] {
  const cluster: ClusterOptions = { services: [service] };
  return portOf(snapshotOf(cluster), 'default/web:http/TCP/4').destinations.map(
    (each) => each.policy,
  );
}

function wanted(alone: Snapshot, name: string): number {
  return portOf(alone, `default/${name}:http/TCP/4`).destinations.length;
}
