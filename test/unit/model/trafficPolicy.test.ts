import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mergeSlices } from '../../../src/model/mergeSlices.ts';
import { usableEndpoints } from '../../../src/model/trafficPolicy.ts';
import type { UsableEndpoints } from '../../../src/model/trafficPolicy.ts';
import type { TrafficPolicy } from '../../../src/model/types.ts';
import { verdictOf } from '../../../src/model/verdict.ts';
import { parsedNode, parsedSlice } from '../../support/builders.ts';
import type { EndpointOptions, NodeOptions } from '../../support/builders.ts';

type Conditions = Omit<EndpointOptions, 'ip'>;

const HERE = { nodeName: 'node-1' };
const READY: Conditions = {};
const NOT_READY: Conditions = { ready: false };
const STARTING: Conditions = { ready: false, serving: false };
const DRAINING: Conditions = { ready: false, terminating: true };
const DEAD: Conditions = { ready: false, serving: false, terminating: true };

/** Endpoints by their last digit, and the digits in the cluster, local and serving sets. */
const CASES: readonly (readonly [string, readonly Conditions[], [string, string, string]])[] = [
  ['ready endpoints are used', [READY, { ...READY, ...HERE }], ['12', '2', '12']],
  ['40: draining ones only while none is ready', [READY, DRAINING], ['1', '', '12']],
  [
    '40: without a ready one those serving while terminating are used',
    [DRAINING, DEAD],
    ['1', '', '1'],
  ],
  ['39: not ready, serving and not terminating is never used', [NOT_READY], ['', '', '1']],
  ['39: nor what does not serve', [STARTING, DEAD], ['', '', '']],
  ['40: the local set falls back by itself', [READY, { ...DRAINING, ...HERE }], ['1', '2', '12']],
  [
    '40: and so does the cluster set: a local ready endpoint keeps others from draining',
    [{ ...READY, ...HERE }, DRAINING],
    ['1', '1', '12'],
  ],
  [
    '32: ready though not serving (publishNotReadyAddresses) keeps its UDP flows',
    [{ ready: true, serving: false }],
    ['1', '', '1'],
  ],
];

for (const [title, endpoints, expected] of CASES) {
  test(title, () => {
    const { clusterEndpoints, localEndpoints, servingEndpoints } = usable(endpoints);
    const sets = [clusterEndpoints, localEndpoints, servingEndpoints];
    assert.deepEqual(
      sets.map((set) => set.map(({ ip }) => ip.at(-1)).join('')),
      expected,
    );
  });
}

const ZONE_A = { zoneHints: ['a'] };
const ZONE_B = { zoneHints: ['b'] };
const NODE_1 = { nodeHints: ['node-1'] };
const NODE_2 = { nodeHints: ['node-2'] };

const HINTS: readonly (readonly [string, readonly Conditions[], string])[] = [
  ['endpoints hinted for our zone', [ZONE_A, ZONE_B, { zoneHints: ['b', 'a'] }], '13'],
  ['one missing hint disables zones', [ZONE_A, ZONE_B, {}], '123'],
  ['nobody hinted for our zone: all', [ZONE_B, ZONE_B], '12'],
  ['endpoints hinted for our node', [NODE_1, NODE_2], '1'],
  [
    'node hints win over zones',
    [
      { ...NODE_1, ...ZONE_B },
      { ...NODE_2, ...ZONE_A },
    ],
    '1',
  ],
  [
    'nobody hinted for our node: our zone',
    [
      { ...NODE_2, ...ZONE_B },
      { ...NODE_2, ...ZONE_A },
    ],
    '2',
  ],
  ['one missing node hint: our zone', [{ ...NODE_1, ...ZONE_B }, ZONE_A], '2'],
  ['only ready endpoints need hints', [ZONE_A, ZONE_B, NOT_READY, DRAINING], '1'],
  [
    'without a ready endpoint hints do not count',
    [
      { ...DRAINING, ...ZONE_A },
      { ...DRAINING, ...ZONE_B },
    ],
    '12',
  ],
];

for (const [title, endpoints, expected] of HINTS) {
  test(`43: ${title}`, () => {
    assert.equal(digits(usable(endpoints, { zone: 'a' })), expected);
  });
}

test('43: a node without a zone uses no zone hints', () => {
  assert.equal(digits(usable([ZONE_A, ZONE_B])), '12');
});

test('43: hints never narrow the local set', () => {
  const { localEndpoints } = usable([{ ...ZONE_B, ...HERE }, ZONE_A], { zone: 'a' });
  assert.equal(localEndpoints.length, 1);
});

const VERDICTS: readonly (readonly [string, readonly Conditions[], TrafficPolicy, string])[] = [
  ['8: no usable endpoint at all', [STARTING], 'Cluster', 'reject'],
  ['8: no usable endpoint at all', [STARTING], 'Local', 'reject'],
  ['9: endpoints only elsewhere', [READY], 'Local', 'drop'],
  ['9: endpoints only elsewhere', [READY], 'Cluster', 'forward'],
  ['an endpoint here', [{ ...READY, ...HERE }], 'Local', 'forward'],
  [
    'a draining endpoint here, ready ones elsewhere',
    [READY, { ...DRAINING, ...HERE }],
    'Local',
    'forward',
  ],
];

for (const [title, endpoints, policy, expected] of VERDICTS) {
  test(`${title}, policy ${policy}: ${expected}`, () => {
    assert.equal(verdictOf(policy, usable(endpoints)), expected);
  });
}

function usable(endpoints: readonly Conditions[], node: NodeOptions = {}): UsableEndpoints {
  const addressed = endpoints.map((each, index) => ({
    ...each,
    ip: `10.0.0.${String(index + 1)}`,
  }));
  const merged = mergeSlices([parsedSlice({ endpoints: addressed })], 'node-1');
  return usableEndpoints(
    merged.endpointsOf({ name: 'http', protocol: 'TCP' }, 4),
    parsedNode(node),
  );
}

function digits({ clusterEndpoints }: UsableEndpoints): string {
  return clusterEndpoints.map(({ ip }) => ip.at(-1)).join('');
}
