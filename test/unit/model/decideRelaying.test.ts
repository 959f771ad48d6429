import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decideRelaying } from '../../../src/model/decideRelaying.ts';
import { parseService } from '../../../src/model/parseService.ts';
import { parsedService, POLICY, service as serviceObject } from '../../support/builders.ts';

const USERSPACE = {
  ...POLICY,
  userspace: {
    balancing: 'random',
    withoutBridgeNetfilter: false,
    strictARP: false,
    keepsClientAddress: false,
  },
} as const;

const ANNOTATIONS = {
  'fairway.dev/balancing': 'maglev',
  'fairway.dev/max-connections': '100',
  'fairway.dev/proxy-protocol': 'v2',
};

test('annotations win over the agent’s choice', () => {
  const { relaying } = decideRelaying(parsedService({ annotations: ANNOTATIONS }), USERSPACE);
  assert.deepEqual(relaying, { balancing: 'maglev', maxConnections: 100, proxyProtocol: true });
});

test('without annotations the agent’s choice counts', () => {
  const { relaying, problems } = decideRelaying(parsedService({}), USERSPACE);
  const plain = { balancing: 'random', maxConnections: undefined, proxyProtocol: false };
  assert.deepEqual(relaying, plain);
  assert.deepEqual(problems, []);
});

test('in other modes they say nothing', () => {
  const decision = decideRelaying(parsedService({ annotations: ANNOTATIONS }), POLICY);
  assert.deepEqual(decision, { relaying: undefined, problems: [] });
});

for (const [name, value] of [
  ['balancing', 'best'],
  ['max-connections', '0'],
  ['max-connections', '1e3'],
  ['max-connections', '1000001'],
  ['proxy-protocol', 'v1'],
] as const) {
  test(`fairway.dev/${name}: ${value} is a Problem, and counts as not there`, () => {
    const annotations = { [`fairway.dev/${name}`]: value };
    const { service, problems } = parseService(serviceObject({ annotations }));
    const plain = { balancing: undefined, maxConnections: undefined, proxyProtocol: false };
    assert.deepEqual(service?.relaying, plain);
    assert.equal(problems[0]?.field, `metadata.annotations[fairway.dev/${name}]`);
  });
}

test('SCTP cannot be relayed: one Problem for the Service, whatever its ports', () => {
  const ports = [
    { name: 'a', protocol: 'SCTP', port: 81 },
    { name: 'b', protocol: 'TCP', port: 82 },
    { name: 'c', protocol: 'SCTP', port: 83 },
  ];
  const { problems } = decideRelaying(parsedService({ ports }), USERSPACE);
  assert.equal(problems.length, 1);
  assert.match(problems[0]?.message ?? '', /SCTP \(port 81, 83\)/);
});
