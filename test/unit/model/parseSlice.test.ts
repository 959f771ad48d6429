import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseSlice } from '../../../src/model/parseSlice.ts';
import { parsedSlice, slice } from '../../support/builders.ts';
import type { Json, SliceOptions } from '../../support/builders.ts';

test('a whole EndpointSlice, as the API server sends it', () => {
  const endpoint = {
    ip: '10.244.1.5',
    nodeName: 'node-1.example.com',
    ready: false,
    serving: true,
    terminating: true,
    zoneHints: ['zone-a'],
    nodeHints: ['node-1'],
  };
  assert.deepEqual(parsedSlice({ endpoints: [endpoint] }), {
    reference: { kind: 'EndpointSlice', namespace: 'default', name: 'web-1', uid: 'uid-web-1' },
    service: 'default/web',
    family: 4,
    weight: 1,
    endpoints: [
      {
        ip: '10.244.1.5',
        nodeName: 'node-1.example.com',
        isReady: false,
        isServing: true,
        isTerminating: true,
        zoneHints: ['zone-a'],
        nodeHints: ['node-1'],
      },
    ],
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  });
});

test('39: without conditions an endpoint is ready, serving and not terminating', () => {
  const [endpoint] = parsedSlice().endpoints;
  assert.partialDeepStrictEqual(endpoint, { isReady: true, isServing: true, isTerminating: false });
  const bare = { ...slice(), endpoints: [{ addresses: ['10.244.1.1'], conditions: null }] };
  assert.deepEqual(parseSlice(bare).slice?.endpoints, [endpoint]);
});

test('37: only the first address of an endpoint counts', () => {
  const raw = { ...slice(), endpoints: [{ addresses: ['10.244.1.1', '10.244.1.2'] }] };
  const { slice: parsed, problems } = parseSlice(raw);
  assert.deepEqual(
    parsed?.endpoints.map(({ ip }) => ip),
    ['10.244.1.1'],
  );
  assert.deepEqual(problems, []);
});

const NOT_HANDLED: Readonly<Record<string, SliceOptions>> = {
  'of a headless Service': { labels: { 'service.kubernetes.io/headless': '' } },
  '37: with FQDN endpoints': { addressType: 'FQDN' },
  '37: without a Service': { labels: { 'kubernetes.io/service-name': undefined } },
  '37: with an empty Service name': { labels: { 'kubernetes.io/service-name': '' } },
};

for (const [what, options] of Object.entries(NOT_HANDLED)) {
  test(`a slice ${what} is left alone, without a Problem`, () => {
    assert.deepEqual(parseSlice(slice(options)), { slice: undefined, problems: [] });
  });
}

test('37: ports without a number are ignored; name and protocol have defaults', () => {
  const ports = [
    { name: 'all' },
    { name: 'zero', port: 0 },
    { port: 80 },
    { name: null, protocol: null, port: 81 },
  ];
  assert.deepEqual(parsedSlice({ ports }).ports, [
    { name: '', protocol: 'TCP', port: 80 },
    { name: '', protocol: 'TCP', port: 81 },
  ]);
});

const BAD_PARTS: readonly (readonly [Json, string, 'endpoints' | 'ports'])[] = [
  ...['127.0.0.1', '169.254.169.254', '0.0.0.0', '224.0.0.1', 'fd00::1', '010.0.0.1', 5].map(
    (address) =>
      [
        { endpoints: [{ addresses: [address] }] },
        'endpoints[0].addresses[0]',
        'endpoints',
      ] as const,
  ),
  [{ endpoints: [{ addresses: [] }] }, 'endpoints[0].addresses', 'endpoints'],
  [{ endpoints: [{}] }, 'endpoints[0].addresses', 'endpoints'],
  [{ endpoints: ['10.244.1.1'] }, 'endpoints[0]', 'endpoints'],
  [{ endpoints: {} }, 'endpoints', 'endpoints'],
  ...(['ready', 'serving', 'terminating'] as const).map(
    (condition) =>
      [
        { endpoints: [{ addresses: ['10.244.1.1'], conditions: { [condition]: 'true' } }] },
        `endpoints[0].conditions.${condition}`,
        'endpoints',
      ] as const,
  ),
  [{ ports: [{ name: 'a_b', port: 80 }] }, 'ports[0].name', 'ports'],
  [{ ports: [{ port: 65_536 }] }, 'ports[0].port', 'ports'],
  [{ ports: [{ port: 80, protocol: 'sctp' }] }, 'ports[0].protocol', 'ports'],
];

for (const [fields, field, emptied] of BAD_PARTS) {
  test(`a bad part is left out with a Problem: ${JSON.stringify(fields)}`, () => {
    const { slice: parsed, problems } = parseSlice({ ...slice(), ...fields });
    assert.equal(problems[0]?.field, field);
    assert.deepEqual(parsed?.[emptied], []);
  });
}

test('an endpoint with a node name that no node can have is local nowhere', () => {
  const raw = { ...slice(), endpoints: [{ addresses: ['10.244.1.1'], nodeName: 'node 1\n' }] };
  const { slice: parsed, problems } = parseSlice(raw);
  assert.deepEqual(
    problems.map((each) => each.field),
    ['endpoints[0].nodeName'],
  );
  assert.equal(parsed?.endpoints[0]?.nodeName, undefined);
});

const NO_SLICES: readonly (readonly [string, SliceOptions])[] = [
  ['metadata.name', { name: 'a/b' }],
  ['metadata.name', { name: 'a'.repeat(254) }],
  ['metadata.namespace', { namespace: 'a.b' }],
  [
    'metadata.labels[kubernetes.io/service-name]',
    { labels: { 'kubernetes.io/service-name': 'a/b' } },
  ],
  ['addressType', { addressType: 'ipv4' }],
  ['addressType', { addressType: null }],
];

for (const [field, options] of NO_SLICES) {
  test(`a slice with a bad ${field} is no slice: ${JSON.stringify(options).slice(0, 60)}`, () => {
    const { slice: parsed, problems } = parseSlice(slice(options));
    assert.equal(parsed, undefined);
    assert.deepEqual(
      problems.map((each) => each.field),
      [field],
    );
  });
}

test('giant lists of endpoints are cut short', () => {
  const endpoints = Array.from(
    { length: 1001 },
    (_, index) => `10.1.${String(index >> 8)}.${String(index & 255)}`,
  );
  const { slice: parsed, problems } = parseSlice(slice({ endpoints }));
  assert.equal(parsed?.endpoints.length, 1000);
  assert.equal(problems.length, 1);
});

test('the annotation gives all endpoints of the slice a weight', () => {
  const weightOf = (weight: unknown) => {
    const { slice: parsed, problems } = parseSlice(
      slice({ annotations: { 'fairway.dev/weight': weight } }),
    );
    return { weight: parsed?.weight, refused: problems.map((each) => each.field) };
  };
  assert.deepEqual(weightOf('65535'), { weight: 65535, refused: [] });
  const field = 'metadata.annotations[fairway.dev/weight]';
  for (const wrong of ['0', '65536', '-1', '1.5', '', 'x', 3]) {
    assert.deepEqual(weightOf(wrong), { weight: 1, refused: [field] }, String(wrong));
  }
});
