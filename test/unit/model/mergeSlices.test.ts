import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mergeSlices } from '../../../src/model/mergeSlices.ts';
import type { MergedEndpoint } from '../../../src/model/mergeSlices.ts';
import type { Family } from '../../../src/net/family.ts';
import { parsedSlice } from '../../support/builders.ts';
import type { SliceOptions } from '../../support/builders.ts';

const HTTP = { name: 'http', protocol: 'TCP' } as const;

test('37: all slices of a Service are merged, whatever their names', () => {
  const merged = merge({ endpoints: ['10.0.0.2'] }, { name: 'by-hand', endpoints: ['10.0.0.1'] });
  assert.deepEqual(targets(merged), ['10.0.0.1:8080', '10.0.0.2:8080']);
});

test('37: the families are apart', () => {
  const slices: SliceOptions[] = [
    { endpoints: ['10.0.0.1'] },
    { name: 'v6', endpoints: ['fd00::1'] },
  ];
  assert.deepEqual(targets(merge(...slices), 4), ['10.0.0.1:8080']);
  assert.deepEqual(targets(merge(...slices), 6), ['fd00::1:8080']);
});

test('ports of another name or protocol are other ports', () => {
  const ports = [
    { name: 'http', protocol: 'UDP', port: 1 },
    { name: 'web', protocol: 'TCP', port: 2 },
  ];
  assert.deepEqual(targets(merge({ ports })), []);
});

test('41: the port number is per slice', () => {
  const merged = merge(
    { endpoints: ['10.0.0.1'] },
    { name: 'web-2', endpoints: ['10.0.0.2'], ports: [{ name: 'http', port: 9090 }] },
  );
  assert.deepEqual(targets(merged), ['10.0.0.1:8080', '10.0.0.2:9090']);
});

test('42: endpoints are sorted by address, then port', () => {
  const merged = merge({
    endpoints: ['10.0.0.9', '10.0.0.10'],
    ports: [
      { name: 'http', port: 90 },
      { name: 'http', port: 800 },
    ],
  });
  assert.deepEqual(targets(merged), [
    '10.0.0.10:90',
    '10.0.0.10:800',
    '10.0.0.9:90',
    '10.0.0.9:800',
  ]);
});

test('37: local is what names exactly this node', () => {
  const merged = merge({
    endpoints: [
      { ip: '10.0.0.1', nodeName: 'node-1' },
      { ip: '10.0.0.2', nodeName: 'node-10' },
      { ip: '10.0.0.3' },
    ],
  });
  assert.deepEqual(
    merged(4).map(({ endpoint }) => endpoint.isLocal),
    [true, false, false],
  );
});

const ALIVE = { ip: '10.0.0.1', nodeName: 'node-1' };
const DYING = { ip: '10.0.0.1', nodeName: 'node-2', ready: false, terminating: true };
const STARTING = { ip: '10.0.0.1', nodeName: 'node-3', ready: false, serving: false };

const DOUBLES = [
  ['a live entry beats a terminating one', [ALIVE, DYING], 'node-1'],
  ['a starting entry, too, beats a terminating one', [DYING, STARTING], 'node-3'],
  ['a ready entry beats one that is not', [STARTING, ALIVE], 'node-1'],
  [
    'of two equals the one in the first slice counts',
    [ALIVE, { ...ALIVE, nodeName: 'b' }],
    'node-1',
  ],
] as const;

for (const [title, [first, second], expected] of DOUBLES) {
  test(`38: one target in two slices: ${title}`, () => {
    const slices: SliceOptions[] = [
      { name: 'web-1', endpoints: [first] },
      { name: 'web-2', endpoints: [second] },
    ];
    for (const order of [slices, slices.toReversed()]) {
      const found = merge(...order)(4);
      assert.deepEqual(
        found.map(({ source }) => source.nodeName),
        [expected],
      );
    }
  });
}

type Merged = (family: Family) => readonly MergedEndpoint[];

function merge(...slices: readonly SliceOptions[]): Merged {
  const merged = mergeSlices(slices.map(parsedSlice), 'node-1');
  return (family) => merged.endpointsOf(HTTP, family);
}

function targets(merged: Merged, family: Family = 4): readonly string[] {
  return merged(family).map(({ endpoint }) => `${endpoint.ip}:${String(endpoint.port)}`);
}
