import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseService } from '../../../src/model/parseService.ts';
import { service } from '../../support/builders.ts';
import type { Json, ServiceOptions } from '../../support/builders.ts';
import { assertParts } from '../../support/assertParts.ts';

/** What is left out, the field that the Problem names, and what stays. */
const BAD_PARTS: readonly (readonly [ServiceOptions, string, Json])[] = [
  [{ clusterIPs: ['10.96.0.010'] }, 'spec.clusterIPs[0]', { clusterIPs: [] }],
  [{ clusterIPs: ['10.96.0.1', '10.96.0.2'] }, 'spec.clusterIPs[1]', { clusterIPs: ['10.96.0.1'] }],
  [{ clusterIPs: ['127.0.0.1'] }, 'spec.clusterIPs[0]', { clusterIPs: [] }],
  [
    { externalIPs: ['169.254.169.254', '192.0.2.1'] },
    'spec.externalIPs[0]',
    { externalIPs: ['192.0.2.1'] },
  ],
  [{ externalIPs: ['0.0.0.0'] }, 'spec.externalIPs[0]', { externalIPs: [] }],
  [{ externalIPs: ['::1'] }, 'spec.externalIPs[0]', { externalIPs: [] }],
  [{ externalIPs: [null] }, 'spec.externalIPs[0]', { externalIPs: [] }],
  [{ externalIPs: '192.0.2.1' }, 'spec.externalIPs', { externalIPs: [] }],
  [
    { type: 'LoadBalancer', ingress: ['fe80::1', '203.0.113.1'] },
    'status.loadBalancer.ingress[0].ip',
    { loadBalancerIPs: ['203.0.113.1'] },
  ],
  [
    { type: 'LoadBalancer', ingress: [{ ip: '203.0.113.1', ipMode: 'vip' }] },
    'status.loadBalancer.ingress[0].ipMode',
    { loadBalancerIPs: [] },
  ],
  [{ type: 'Gateway' }, 'spec.type', { externalPolicy: 'Cluster' }],
  [{ internalTrafficPolicy: 'local' }, 'spec.internalTrafficPolicy', { internalPolicy: 'Cluster' }],
  [
    { type: 'NodePort', externalTrafficPolicy: 1 },
    'spec.externalTrafficPolicy',
    { externalPolicy: 'Cluster' },
  ],
  [{ sessionAffinity: 'Cookie' }, 'spec.sessionAffinity', { affinitySeconds: undefined }],
  ...[0, 86_401, 1.5, '60'].map(
    (timeoutSeconds) =>
      [
        { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds } } },
        'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
        { affinitySeconds: 10_800 },
      ] as const,
  ),
  [
    { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 65_536 },
    'spec.healthCheckNodePort',
    { healthCheckNodePort: undefined },
  ],
  ...[0, 65_536, -1, 80.5, NaN, '80', null].map(
    (port) => [{ ports: [{ port }] }, 'spec.ports[0].port', { ports: [] }] as const,
  ),
  [{ ports: [{ port: 80, protocol: 'tcp' }] }, 'spec.ports[0].protocol', { ports: [] }],
  [{ ports: [{ port: 80, protocol: 'ICMP' }] }, 'spec.ports[0].protocol', { ports: [] }],
  ...['Http', 'a b', '-a', 'a\n-A INPUT', 'a'.repeat(64), 5].map(
    (name) => [{ ports: [{ name, port: 80 }] }, 'spec.ports[0].name', { ports: [] }] as const,
  ),
  [{ ports: { length: 3 } }, 'spec.ports', { ports: [] }],
  [
    { type: 'NodePort', ports: [{ port: 80, nodePort: 70_000 }] },
    'spec.ports[0].nodePort',
    { ports: [{ name: '', protocol: 'TCP', port: 80, nodePort: undefined }] },
  ],
  [
    {
      ports: [
        { name: 'a', port: 80 },
        { name: 'a', port: 81 },
        { name: 'a', port: 80, protocol: 'UDP' },
      ],
    },
    'spec.ports[1].name',
    {
      ports: [
        { name: 'a', protocol: 'TCP', port: 80, nodePort: undefined },
        { name: 'a', protocol: 'UDP', port: 80, nodePort: undefined },
      ],
    },
  ],
  [
    { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/8', '10.0.0.0/33'] },
    'spec.loadBalancerSourceRanges[1]',
    { sourceRanges: ['10.0.0.0/8'] },
  ],
  [
    { type: 'LoadBalancer', loadBalancerSourceRanges: ['everyone'] },
    'spec.loadBalancerSourceRanges[0]',
    { sourceRanges: [] },
  ],
  [
    { type: 'LoadBalancer', loadBalancerSourceRanges: '10.0.0.0/8' },
    'spec.loadBalancerSourceRanges',
    { sourceRanges: [] },
  ],
  [
    {
      type: 'LoadBalancer',
      annotations: { 'service.beta.kubernetes.io/load-balancer-source-ranges': 'everyone' },
    },
    'metadata.annotations[service.beta.kubernetes.io/load-balancer-source-ranges]',
    { sourceRanges: [] },
  ],
  [{ creationTimestamp: 'yesterday' }, 'metadata.creationTimestamp', { createdAt: Infinity }],
];

for (const [options, field, expected] of BAD_PARTS) {
  test(`a bad part is left out with a Problem: ${JSON.stringify(options).slice(0, 90)}`, () => {
    const { service: parsed, problems } = parseService(service(options));
    assert.deepEqual(
      problems.map((each) => each.field),
      [field],
    );
    assertParts(parsed, expected);
  });
}

const BAD_NAMES = ['', 'UPPER', 'a/b', 'a:b', 'a\nb', '-a', 'a.b', 'a'.repeat(64), 7, null, {}];

for (const name of BAD_NAMES) {
  test(`a Service named ${JSON.stringify(name)} is no Service`, () => {
    for (const part of ['name', 'namespace'] as const) {
      const { service: parsed, problems } = parseService(service({ [part]: name }));
      assert.equal(parsed, undefined);
      assert.deepEqual(
        problems.map((each) => each.field),
        [`metadata.${part}`],
      );
    }
  });
}

test('a Problem says what was expected and found, and names the object', () => {
  const { problems } = parseService(service({ externalIPs: ['10.0.0.256'] }));
  assert.deepEqual(problems, [
    {
      object: { kind: 'Service', namespace: 'default', name: 'web', uid: 'uid-web' },
      field: 'spec.externalIPs[0]',
      message: 'expected an IP address, found "10.0.0.256"',
    },
  ]);
});

test('a Problem prints hostile values in a few ASCII characters', () => {
  const hostile = `\u001b[31m\u202e\n${'x'.repeat(10_000)}`;
  const { problems } = parseService(service({ externalIPs: [hostile] }));
  const message = problems[0]?.message ?? '';
  assert.match(message, /^[ -~]{1,120}$/);
  assert.match(message, /\\u001b\[31m\\u202e\\n/);
});

test('giant lists are cut short, and so is the list of Problems', () => {
  const ports = Array.from({ length: 6000 }, (_, index) => ({
    name: `p${String(index)}`,
    port: index + 1,
  }));
  const long = parseService(service({ ports }));
  assert.equal(long.service?.ports.length, 5000);
  assert.deepEqual(
    long.problems.map((each) => each.message),
    ['expected a list of at most 5000 items (the rest is ignored), found 6000'],
  );
  const wrong = parseService(service({ ports: ports.map(() => 'wrong') }));
  assert.equal(wrong.service?.ports.length, 0);
  assert.equal(wrong.problems.length, 16);
});

test('ports times addresses are bounded', () => {
  const ports = Array.from({ length: 200 }, (_, index) => ({
    name: `p${String(index)}`,
    port: 80,
  }));
  const externalIPs = Array.from({ length: 256 }, (_, index) => `192.0.2.${String(index)}`);
  const { service: parsed, problems } = parseService(service({ ports, externalIPs }));
  assert.equal(parsed?.ports.length, 97);
  assert.equal(problems.length, 1);
});

test('names that every object inherits are not fields', () => {
  const object = JSON.parse(
    '{"__proto__": {"metadata": {"name": "web"}}, "constructor": 1}',
  ) as unknown;
  assert.equal(parseService(object).service, undefined);
  assert.equal(parseService(Object.create(service())).service, undefined);
  const polluted = service({ labels: JSON.parse('{"__proto__": {"a": 1}}') as Json });
  assert.notEqual(parseService(polluted).service, undefined);
});
