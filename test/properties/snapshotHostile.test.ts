/** Laws of the parsers: whatever anyone writes, they return, and what they return is sound. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { parseNode } from '../../src/model/parseNode.ts';
import { parseService } from '../../src/model/parseService.ts';
import { parseSlice } from '../../src/model/parseSlice.ts';
import type { Problem, Service, Slice } from '../../src/model/types.ts';
import { isRefusedAddress, parseCidr, parseIp } from '../../src/net/address.ts';
import { node, service, slice } from '../support/builders.ts';
import type { Json } from '../support/builders.ts';

const SPECIAL = [
  ...['__proto__', 'constructor', 'toString', '', '\n', '\u0000', '\u202e', '127.0.0.1', '::1'],
  ...['10.0.0.01', '0x7f.1', 'fe80::1%eth0', '::ffff:127.0.0.1', '10.96.0.10', '192.0.2.1'],
  ...['10.0.0.0/8', '::/0', 'Local', 'LoadBalancer', 'UDP', 'None', 'IPv6', 'a'.repeat(300)],
];
const SPECIAL_VALUES = [...SPECIAL, null, undefined, NaN, -1, 0, 65_535, 65_536, 1e300, [], {}];

const anyValue = fc.oneof(
  fc.constantFrom(...SPECIAL_VALUES),
  fc.anything({ withNullPrototype: true, withDate: true, withBigInt: true }),
  fc.array(fc.constantFrom(...SPECIAL_VALUES), { maxLength: 3 }),
);

/** A good object in which a few places, chosen at random, hold something else. */
function broken(good: Json): fc.Arbitrary<unknown> {
  const changes = fc.array(fc.tuple(fc.infiniteStream(fc.nat(99)), anyValue), { maxLength: 4 });
  return changes.map((list) => {
    const copy: unknown = structuredClone(good);
    for (const [path, value] of list) plant(copy, path, value);
    return copy;
  });
}

function plant(target: unknown, path: Iterator<number>, value: unknown): void {
  if (typeof target !== 'object' || target === null) return;
  const keys = Object.keys(target);
  const step = Number(path.next().value);
  const key = keys[step % Math.max(keys.length, 1)];
  if (key === undefined) return;
  const inner: unknown = Reflect.get(target, key);
  const goesDeeper = typeof inner === 'object' && inner !== null && step % 4 !== 0;
  if (goesDeeper) plant(inner, path, value);
  else Reflect.set(target, key, value);
}

const GOOD_SERVICE = service({
  type: 'LoadBalancer',
  clusterIPs: ['10.96.0.10', 'fd00:96::a'],
  externalIPs: ['192.0.2.7'],
  ingress: ['203.0.113.9', { ip: '203.0.113.8', ipMode: 'VIP' }],
  loadBalancerSourceRanges: ['198.51.100.0/24'],
  externalTrafficPolicy: 'Local',
  internalTrafficPolicy: 'Local',
  healthCheckNodePort: 31000,
  sessionAffinity: 'ClientIP',
  sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
  creationTimestamp: '2026-01-31T12:00:00Z',
  annotations: { 'service.beta.kubernetes.io/load-balancer-source-ranges': '10.0.0.0/8' },
  ports: [{ name: 'http', protocol: 'TCP', port: 80, nodePort: 30080 }],
});

const GOOD_SLICE = slice({
  endpoints: [
    { ip: '10.244.0.1', nodeName: 'node-1', ready: true, serving: true, terminating: false },
    { ip: '10.244.0.2', zoneHints: ['a'], nodeHints: ['node-1'] },
  ],
});

const GOOD_NODE = node({ zone: 'a', podCIDRs: ['10.244.0.0/24'], taints: [{ key: 'a' }] });

test('law: parseService never throws, and its Services are sound', () => {
  fc.assert(
    fc.property(fc.oneof(anyValue, broken(GOOD_SERVICE)), (object) => {
      const parsed = parseService(object);
      assertPrintable(parsed.problems);
      if (parsed.service !== undefined) assertSoundService(parsed.service);
    }),
    { numRuns: 2000 },
  );
});

test('law: parseSlice never throws, and its slices are sound', () => {
  fc.assert(
    fc.property(fc.oneof(anyValue, broken(GOOD_SLICE)), (object) => {
      const parsed = parseSlice(object);
      assertPrintable(parsed.problems);
      if (parsed.slice !== undefined) assertSoundSlice(parsed.slice);
    }),
    { numRuns: 2000 },
  );
});

test('law: parseNode never throws, and its nodes are sound', () => {
  fc.assert(
    fc.property(fc.oneof(anyValue, broken(GOOD_NODE)), (object) => {
      const parsed = parseNode(object);
      assertPrintable(parsed.problems);
      if (parsed.node === undefined) return;
      assert.match(parsed.node.name, /^[-.a-z0-9]{1,253}$/);
      for (const ip of parsed.node.ips) assert.equal(parseIp(ip), ip);
      for (const cidr of parsed.node.podCIDRs) assert.equal(parseCidr(cidr), cidr);
    }),
    { numRuns: 1000 },
  );
});

function assertPrintable(problems: readonly Problem[]): void {
  assert.ok(problems.length <= 16);
  for (const problem of problems) assert.match(problem.field + problem.message, /^[ -~]{1,300}$/);
}

function assertSoundService(parsed: Service): void {
  assert.match(parsed.key, /^[-a-z0-9]{1,63}\/[-a-z0-9]{1,63}$/);
  for (const ip of [...parsed.clusterIPs, ...parsed.externalIPs, ...parsed.loadBalancerIPs]) {
    assertUsable(ip);
  }
  for (const cidr of parsed.sourceRanges ?? []) assert.equal(parseCidr(cidr), cidr);
  for (const policy of [parsed.internalPolicy, parsed.externalPolicy]) {
    assert.ok(['Cluster', 'Local'].includes(policy));
  }
  assert.equal(typeof parsed.createdAt, 'number');
  assert.ok(!Number.isNaN(parsed.createdAt));
  assertWithin(parsed.affinitySeconds ?? 1, 86_400);
  assertWithin(parsed.healthCheckNodePort ?? 1, 65_535);
  for (const { name, protocol, port, nodePort } of parsed.ports) {
    assertPortName(name, protocol);
    assertWithin(port, 65_535);
    assertWithin(nodePort ?? 1, 65_535);
  }
}

function assertSoundSlice(parsed: Slice): void {
  assert.match(parsed.service, /^[-a-z0-9]{1,63}\/[-a-z0-9]{1,63}$/);
  for (const endpoint of parsed.endpoints) {
    assertUsable(endpoint.ip);
    assert.equal(endpoint.ip.includes(':'), parsed.family === 6);
    assert.match(endpoint.nodeName ?? 'a', /^[-.a-z0-9]{1,253}$/);
    const { isReady, isServing, isTerminating, zoneHints, nodeHints } = endpoint;
    for (const each of [isReady, isServing, isTerminating]) assert.equal(typeof each, 'boolean');
    for (const hint of [...zoneHints, ...nodeHints]) assert.equal(typeof hint, 'string');
  }
  for (const { name, protocol, port } of parsed.ports) {
    assertPortName(name, protocol);
    assertWithin(port, 65_535);
  }
}

function assertUsable(ip: string): void {
  const again = parseIp(ip);
  assert.equal(again, ip);
  assert.ok(!isRefusedAddress(again));
}

function assertPortName(name: string, protocol: string): void {
  assert.match(name, /^[-a-z0-9]{0,63}$/);
  assert.ok(['TCP', 'UDP', 'SCTP'].includes(protocol));
}

function assertWithin(value: number, most: number): void {
  assert.ok(Number.isInteger(value) && value >= 1 && value <= most);
}
