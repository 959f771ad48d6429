import assert from 'node:assert/strict';
import { test } from 'node:test';

import { snapshotOf } from '../../support/builders.ts';
import type { ServiceOptions, SliceOptions } from '../../support/builders.ts';

const CHECKED: ServiceOptions = {
  type: 'LoadBalancer',
  clusterIPs: ['10.96.0.10', 'fd00:96::a'],
  externalTrafficPolicy: 'Local',
  healthCheckNodePort: 31000,
  ports: [
    { name: 'http', port: 80 },
    { name: 'https', port: 443 },
  ],
};

const PORTS = [
  { name: 'http', port: 8080 },
  { name: 'https', port: 8443 },
];

const HERE = { nodeName: 'node-1' };

const SLICES: readonly SliceOptions[] = [
  {
    ports: PORTS,
    endpoints: [
      { ip: '10.0.0.1', ...HERE },
      { ip: '10.0.0.2', ...HERE },
      { ip: '10.0.0.3', nodeName: 'node-2' },
      { ip: '10.0.0.4', ...HERE, ready: false, terminating: true },
    ],
  },
  // Only one of its ports leads to this one: distinct over all ports, not the most of any.
  { name: 'web-2', ports: PORTS.slice(1), endpoints: [{ ip: '10.0.0.5', ...HERE }] },
  { name: 'web-3', ports: PORTS, endpoints: [{ ip: 'fd00::1', ...HERE }] },
];

test('27, 31: distinct IPs of local ready endpoints over all ports, per family', () => {
  const { health } = snapshotOf({ services: [CHECKED], slices: SLICES });
  assert.deepEqual(
    [...health.entries()],
    [
      [
        'default/web',
        {
          service: 'default/web',
          reference: { kind: 'Service', namespace: 'default', name: 'web', uid: 'uid-web' },
          port: 31000,
          localEndpoints: { 4: 3, 6: 1 },
        },
      ],
    ],
  );
});

test('27: draining endpoints get traffic, yet count for nothing', () => {
  const endpoints = [{ ip: '10.0.0.1', ...HERE, ready: false, terminating: true }];
  const snapshot = snapshotOf({ services: [CHECKED], slices: [{ endpoints }] });
  assert.deepEqual([...snapshot.health.values()][0]?.localEndpoints, { 4: 0, 6: 0 });
  assert.equal([...snapshot.ports.values()][0]?.localEndpoints.length, 1);
});

test('31: a Service without a health check node port has no health', () => {
  assert.equal(snapshotOf().health.size, 0);
});
