import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseService } from '../../../src/model/parseService.ts';
import { parsedService, service } from '../../support/builders.ts';
import type { Json, ServiceOptions } from '../../support/builders.ts';
import { assertParts } from '../../support/assertParts.ts';

test('a whole Service, as the API server sends it', () => {
  const options: ServiceOptions = {
    type: 'LoadBalancer',
    creationTimestamp: '2026-01-31T12:00:00Z',
    clusterIPs: ['10.96.0.10', 'fd00:96::a'],
    externalIPs: ['192.0.2.7'],
    ingress: ['203.0.113.9'],
    loadBalancerSourceRanges: ['198.51.100.0/24'],
    internalTrafficPolicy: 'Local',
    externalTrafficPolicy: 'Local',
    healthCheckNodePort: 31000,
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
    ports: [{ name: 'http', protocol: 'TCP', port: 80, nodePort: 30080, targetPort: 'web' }],
  };
  assert.deepEqual(parsedService(options), {
    key: 'default/web',
    reference: { kind: 'Service', namespace: 'default', name: 'web', uid: 'uid-web' },
    createdAt: Date.UTC(2026, 0, 31, 12),
    clusterIPs: ['10.96.0.10', 'fd00:96::a'],
    externalIPs: ['192.0.2.7'],
    loadBalancerIPs: ['203.0.113.9'],
    sourceRanges: ['198.51.100.0/24'],
    internalPolicy: 'Local',
    externalPolicy: 'Local',
    affinitySeconds: 60,
    scheduler: undefined,
    relaying: { balancing: undefined, maxConnections: undefined, proxyProtocol: false },
    healthCheckNodePort: 31000,
    ports: [{ name: 'http', protocol: 'TCP', port: 80, nodePort: 30080 }],
  });
});

const NOT_HANDLED: Readonly<Record<string, ServiceOptions>> = {
  'headless (clusterIP None)': { clusterIPs: ['None'] },
  'without a ClusterIP yet': { clusterIPs: [], clusterIP: '' },
  'of type ExternalName': { type: 'ExternalName', externalName: 'example.com' },
  "another proxy's": { labels: { 'service.kubernetes.io/service-proxy-name': 'other' } },
  "another proxy's, with an empty name": {
    labels: { 'service.kubernetes.io/service-proxy-name': '' },
  },
};

for (const [what, options] of Object.entries(NOT_HANDLED)) {
  test(`a Service ${what} is left alone, without a Problem`, () => {
    assert.deepEqual(parseService(service(options)), { service: undefined, problems: [] });
  });
}

test('with a name of our own only a Service whose label has it is ours', () => {
  const named = (value: string): ServiceOptions => {
    return { labels: { 'service.kubernetes.io/service-proxy-name': value } };
  };
  assert.notEqual(parseService(service(named('fairway')), 'fairway').service, undefined);
  for (const options of [{}, named('other'), named('')]) {
    assert.equal(parseService(service(options), 'fairway').service, undefined);
  }
});

const HANDLED_PARTS: readonly (readonly [string, ServiceOptions, Json])[] = [
  [
    'clusterIP alone is enough',
    { clusterIPs: [], clusterIP: '10.96.0.10' },
    { clusterIPs: ['10.96.0.10'] },
  ],
  ['no type means ClusterIP', { type: undefined }, { externalPolicy: 'Cluster' }],
  [
    '44: the same external IP twice counts once',
    { externalIPs: ['192.0.2.1', '192.0.2.1', '192.0.2.2'] },
    { externalIPs: ['192.0.2.1', '192.0.2.2'] },
  ],
  [
    '50: ipMode Proxy and hostnames give no address, VIP and an absent mode do',
    {
      type: 'LoadBalancer',
      ingress: [
        { ip: '203.0.113.1', ipMode: 'Proxy' },
        { hostname: 'lb.example.com' },
        { hostname: 'both.example.com', ip: '203.0.113.2' },
        { ip: '203.0.113.3', ipMode: 'VIP' },
        { ip: '203.0.113.3' },
      ],
    },
    { loadBalancerIPs: ['203.0.113.2', '203.0.113.3'] },
  ],
  [
    'load balancer status left behind by another type is void',
    { type: 'NodePort', ingress: ['203.0.113.1'] },
    { loadBalancerIPs: [] },
  ],
  [
    '5: externalTrafficPolicy of a Service not reachable from outside is void',
    { externalTrafficPolicy: 'Local' },
    { externalPolicy: 'Cluster' },
  ],
  [
    '5: external IPs make a ClusterIP Service reachable from outside',
    { externalTrafficPolicy: 'Local', externalIPs: ['192.0.2.1'] },
    { externalPolicy: 'Local' },
  ],
  [
    '5: so does type NodePort',
    { type: 'NodePort', externalTrafficPolicy: 'Local' },
    { externalPolicy: 'Local' },
  ],
  [
    'affinity lasts 10800 s by default',
    { sessionAffinity: 'ClientIP' },
    { affinitySeconds: 10_800 },
  ],
  [
    'a timeout without ClientIP affinity means nothing',
    { sessionAffinity: 'None', sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } },
    { affinitySeconds: undefined },
  ],
  [
    '31: a health check node port needs policy Local',
    { type: 'LoadBalancer', healthCheckNodePort: 31000 },
    { healthCheckNodePort: undefined },
  ],
  [
    '31: and type LoadBalancer',
    { type: 'NodePort', externalTrafficPolicy: 'Local', healthCheckNodePort: 31000 },
    { healthCheckNodePort: undefined },
  ],
  ['14: no source ranges admit everyone', { type: 'LoadBalancer' }, { sourceRanges: undefined }],
  [
    '14: an empty list is no list',
    { type: 'LoadBalancer', loadBalancerSourceRanges: [] },
    { sourceRanges: undefined },
  ],
  [
    '14: spaces around source ranges are legal, host bits are cleared',
    { type: 'LoadBalancer', loadBalancerSourceRanges: [' 198.51.100.7/24 ', '\tfd00::/8\n'] },
    { sourceRanges: ['198.51.100.0/24', 'fd00::/8'] },
  ],
  [
    'the annotation names source ranges where the field does not',
    {
      type: 'LoadBalancer',
      annotations: { 'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8, ::/0' },
    },
    { sourceRanges: ['10.0.0.0/8', '::/0'] },
  ],
  [
    'the field wins over the annotation',
    {
      type: 'LoadBalancer',
      loadBalancerSourceRanges: ['192.0.2.0/24'],
      annotations: { 'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8' },
    },
    { sourceRanges: ['192.0.2.0/24'] },
  ],
  [
    'an empty annotation admits everyone',
    {
      type: 'LoadBalancer',
      annotations: { 'service.beta.kubernetes.io/load-balancer-source-ranges': ' ' },
    },
    { sourceRanges: undefined },
  ],
  [
    'nodePort 0 is none, protocol TCP and an empty name are defaults',
    { type: 'NodePort', ports: [{ port: 80, nodePort: 0 }] },
    { ports: [{ name: '', protocol: 'TCP', port: 80, nodePort: undefined }] },
  ],
  [
    'a nodePort left behind by another type is void',
    { type: 'ClusterIP', ports: [{ port: 80, nodePort: 30080 }] },
    { ports: [{ name: '', protocol: 'TCP', port: 80, nodePort: undefined }] },
  ],
  ['a time of creation that is not given counts as the latest', {}, { createdAt: Infinity }],
];

for (const [title, options, expected] of HANDLED_PARTS) {
  test(title, () => {
    const { service: parsed, problems } = parseService(service(options));
    assert.deepEqual(problems, []);
    assertParts(parsed, expected);
  });
}
