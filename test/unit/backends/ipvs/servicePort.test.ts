/** Everything that one ServicePort wants on the node, by kind of destination. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientMarks } from '../../../../src/backends/ipvs/clientMarks.ts';
import { portObjects } from '../../../../src/backends/ipvs/servicePort.ts';
import { groundOf } from '../../../../src/backends/sets/vip.ts';
import type { Destination, ServicePort } from '../../../../src/model/types.ts';
import type { Cidr, Ip } from '../../../../src/net/address.ts';
import {
  destination,
  endpoint,
  POLICY,
  servicePort,
  snapshotOf,
} from '../../../support/servicePorts.ts';

const NODE = { ...snapshotOf([]).node, ips: ['192.0.2.11', '2001:db8::11'] as Ip[] };
const GROUND = groundOf({ policy: POLICY, node: NODE });

/** `kind/name` or `kind/name = text` of all objects, sorted. */
function wishesOf(port: ServicePort): readonly string[] {
  const { own, shared } = portObjects(port, GROUND);
  return [...own, ...shared.flatMap(({ objects }) => objects)]
    .map(([key, text]) => key.replace(/\/(?:node|ipvs)\//, '/') + (text === '' ? '' : ` = ${text}`))
    .sort();
}

const [A, B] = [endpoint('10.244.1.2', 8080, true), endpoint('10.244.2.2')];
const EXTERNAL = '203.0.113.1';

function to(kind: Destination['kind'], over: Partial<Destination> = {}): ServicePort {
  const ip = { ClusterIP: '10.96.0.10', NodePort: undefined }[kind as string] ?? EXTERNAL;
  const at = kind === 'NodePort' ? undefined : ip;
  return servicePort({ destinations: [destination(kind, at, over)], clusterEndpoints: [A, B] });
}

/** The address itself. */
function vip(ip: string): readonly string[] {
  return [`4/member/KUBE-VIP ${ip}`, `4/route/${ip} = src 192.0.2.11`];
}

/** A virtual server that is ours and let in, with these endpoints. */
function serving(at: string, ...endpoints: readonly string[]): readonly string[] {
  const [ip = '', port = ''] = at.split(':');
  return [
    `4/member/KUBE-VIP-OURS ${ip},tcp:${port}`,
    `4/member/KUBE-VIP-PORT ${ip},tcp:${port}`,
    `4/service/TCP ${at} = -s rr`,
    ...endpoints.map((each) => `4/server/TCP ${at} ${each} = 1`),
  ];
}

const BOTH = ['10.244.1.2:8080', '10.244.2.2:8080'];
const WEB = `${EXTERNAL},tcp:80`;

/** The ways of this node's own clients round policy Local. */
function ownClients(port: ServicePort): readonly string[] {
  const { pod, node } = clientMarks(`${port.key} ${EXTERNAL} 80`, POLICY);
  return [
    `4/member/KUBE-EXT-LOCAL ${WEB} = skbmark 0x${pod.toString(16)}`,
    ...[pod, node].flatMap((mark) => [
      `4/service/FWM ${String(mark)} = -s rr`,
      ...BOTH.map((each) => `4/server/FWM ${String(mark)} ${each} = 1`),
    ]),
  ];
}

const LOCAL_LB = to('LoadBalancerIP', { policy: 'Local' });
const RANGES = ['198.51.100.0/24', '192.0.2.1/32'] as readonly string[] as readonly Cidr[];

const CASES: readonly (readonly [string, ServicePort, readonly string[]])[] = [
  ['a ClusterIP', to('ClusterIP'), [...vip('10.96.0.10'), ...serving('10.96.0.10:80', ...BOTH)]],
  [
    'a ClusterIP under policy Local',
    to('ClusterIP', { policy: 'Local' }),
    [...vip('10.96.0.10'), ...serving('10.96.0.10:80', '10.244.1.2:8080')],
  ],
  [
    'a ClusterIP that rejects: the address alone',
    to('ClusterIP', { verdict: 'reject' }),
    vip('10.96.0.10'),
  ],
  [
    'an external address under policy Cluster',
    to('ExternalIP'),
    [...vip(EXTERNAL), ...serving(`${EXTERNAL}:80`, ...BOTH), `4/member/KUBE-EXT ${WEB}`],
  ],
  [
    'an external address under policy Local',
    LOCAL_LB,
    [...vip(EXTERNAL), ...serving(`${EXTERNAL}:80`, '10.244.1.2:8080'), ...ownClients(LOCAL_LB)],
  ],
  [
    'an external address that drops: own clients still come through',
    to('LoadBalancerIP', { policy: 'Local', verdict: 'drop' }),
    [...vip(EXTERNAL), `4/member/KUBE-VIP-DROP ${WEB}`, ...ownClients(LOCAL_LB)],
  ],
  [
    'an external address that rejects, under policy Local: no way for own clients either',
    { ...to('ExternalIP', { policy: 'Local', verdict: 'reject' }), clusterEndpoints: [] },
    [...vip(EXTERNAL), `4/member/KUBE-VIP-REFUSE ${WEB}`],
  ],
  [
    'a NodePort',
    to('NodePort'),
    ['4/member/KUBE-NP-TCP 30080', ...serving('192.0.0.8:30080', ...BOTH)],
  ],
  [
    'a NodePort under policy Local',
    to('NodePort', { policy: 'Local' }),
    [
      '4/member/KUBE-NPL-TCP 30080',
      ...serving('192.0.0.8:30080', '10.244.1.2:8080'),
      ...serving('192.0.0.9:30080', ...BOTH),
    ],
  ],
  [
    'a NodePort that drops',
    to('NodePort', { policy: 'Local', verdict: 'drop' }),
    [
      '4/member/KUBE-NPL-TCP 30080',
      '4/member/KUBE-VIP-DROP 192.0.0.8,tcp:30080',
      ...serving('192.0.0.9:30080', ...BOTH),
    ],
  ],
  [
    'a NodePort that rejects: sent to where nothing listens',
    to('NodePort', { verdict: 'reject' }),
    ['4/member/KUBE-NP-TCP 30080'],
  ],
  [
    'source ranges',
    { ...to('LoadBalancerIP', { sourceRanges: RANGES }), clusterEndpoints: [] },
    [
      ...vip(EXTERNAL),
      ...serving(`${EXTERNAL}:80`),
      `4/member/KUBE-EXT ${WEB}`,
      `4/member/KUBE-GUARD ${WEB}`,
      `4/member/KUBE-GUARD-SRC ${WEB},192.0.2.1`,
      `4/member/KUBE-GUARD-SRC ${WEB},198.51.100.0/24`,
    ],
  ],
];

for (const [what, port, expected] of CASES) {
  test(what, () => {
    assert.deepEqual(wishesOf(port), expected.toSorted());
  });
}

test('a source range of everybody guards nothing', () => {
  const ranges = [...RANGES, '0.0.0.0/0' as Cidr];
  const wishes = wishesOf(to('LoadBalancerIP', { sourceRanges: ranges }));
  assert.ok(!wishes.some((wish) => wish.includes('GUARD')));
});

const SIX = endpoint('fd00:10:244::2');
const UDP = { ...to('ClusterIP'), protocol: 'UDP' } as const;
const ENDING = { ...B, isReady: false, isTerminating: true };

const DETAILS: readonly (readonly [string, ServicePort, readonly string[]])[] = [
  ['affinity', { ...to('ClusterIP'), affinitySeconds: 300 }, ['TCP 10.96.0.10:80 = -s rr -p 300']],
  ['sh', { ...to('ClusterIP'), scheduler: 'sh' }, ['TCP 10.96.0.10:80 = -s sh -b sh-fallback']],
  [
    'weights',
    { ...to('ClusterIP'), clusterEndpoints: [{ ...B, weight: 3 }] },
    [`TCP 10.96.0.10:80 ${B.ip}:${String(B.port)} = 3`],
  ],
  ['a scheduler', { ...to('ClusterIP'), scheduler: 'lc' }, ['TCP 10.96.0.10:80 = -s lc']],
  [
    'mh with affinity',
    { ...to('ClusterIP'), scheduler: 'mh', affinitySeconds: 9 },
    ['TCP 10.96.0.10:80 = -s mh -p 9 -b mh-fallback,mh-port'],
  ],
  [
    'IPv6',
    servicePort({
      family: 6,
      destinations: [destination('ClusterIP', 'fd00::1')],
      clusterEndpoints: [SIX],
    }),
    ['TCP [fd00::1]:80 = -s rr', 'TCP [fd00::1]:80 [fd00:10:244::2]:8080 = 1'],
  ],
  [
    'UDP: an endpoint that ends keeps its flows at weight 0',
    { ...UDP, clusterEndpoints: [A], servingEndpoints: [A, ENDING] },
    [
      'UDP 10.96.0.10:80 = -s rr',
      'UDP 10.96.0.10:80 10.244.1.2:8080 = 1',
      'UDP 10.96.0.10:80 10.244.2.2:8080 = 0',
    ],
  ],
  [
    'UDP: one that ends and is all there is gets new flows too',
    { ...UDP, clusterEndpoints: [ENDING], servingEndpoints: [ENDING] },
    ['UDP 10.96.0.10:80 = -s rr', 'UDP 10.96.0.10:80 10.244.2.2:8080 = 1'],
  ],
];

for (const [what, port, expected] of DETAILS) {
  test(`virtual server: ${what}`, () => {
    const servers = wishesOf(port)
      .filter((wish) => /^\d\/(?:service|server)\//.test(wish))
      .map((wish) => wish.replace(/^\d\/\w+\//, ''));
    for (const each of expected) assert.ok(servers.includes(each), `${each} in ${servers.join()}`);
  });
}

test('own clients of a Service with affinity are told apart by hash, not remembered', () => {
  const wishes = wishesOf({ ...LOCAL_LB, affinitySeconds: 300 });
  const services = wishes.filter((wish) => wish.startsWith('4/service/'));
  assert.deepEqual(
    services.map((each) => each.replace(/FWM \d+/, 'FWM')),
    [
      '4/service/FWM = -s sh -b sh-fallback',
      '4/service/FWM = -s sh -b sh-fallback',
      `4/service/TCP ${EXTERNAL}:80 = -s rr -p 300`,
    ],
  );
});

test('routes have no source where the node’s own address is unknown', () => {
  const ground = groundOf({ policy: POLICY, node: { ...NODE, ips: ['192.0.2.11' as Ip] } });
  assert.deepEqual(ground.routeText, { 4: 'src 192.0.2.11', 6: '' });
});
