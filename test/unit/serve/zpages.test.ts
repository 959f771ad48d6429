import assert from 'node:assert/strict';
import { test } from 'node:test';

import { flagzAnswer, statuszAnswer } from '../../../src/serve/zpages.ts';

const COMPONENT = {
  name: 'kube-proxy',
  version: '1.2.3',
  startedAt: Date.parse('2026-10-06T21:03:43.250Z'),
  runtime: 'Node.js v26.1.0',
};

const ASKED = {
  now: Date.parse('2026-10-08T00:04:45Z'),
  paths: ['/metrics', '/metrics/slis', '/proxyMode'],
};

const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.';

test('/statusz as text has the form of Kubernetes', () => {
  const { status, headers, body } = statuszAnswer(COMPONENT, { ...ASKED, accept: undefined });
  assert.equal(status, 200);
  assert.equal(headers['Content-Type'], 'text/plain; charset=utf-8');
  assert.deepEqual(body.split('\n'), [
    '',
    'kube-proxy statusz',
    WARNING,
    '',
    'Started: Tue Oct  6 21:03:43 UTC 2026',
    'Up: 27 hr 01 min 01 sec',
    'Runtime: Node.js v26.1.0',
    'Binary version: 1.2.3',
    'Paths: /metrics /proxyMode',
    '',
  ]);
});

test('/statusz as JSON has it, too', () => {
  const accept = 'application/json;v=v1alpha1;g=config.k8s.io;as=Statusz';
  const { headers, body } = statuszAnswer(COMPONENT, { ...ASKED, accept });
  assert.equal(headers['Content-Type'], 'application/json');
  assert.deepEqual(JSON.parse(body), {
    kind: 'Statusz',
    apiVersion: 'config.k8s.io/v1alpha1',
    metadata: { name: 'kube-proxy' },
    startTime: '2026-10-06T21:03:43Z',
    uptimeSeconds: 97_261,
    goVersion: 'none (Node.js v26.1.0)',
    binaryVersion: '1.2.3',
    paths: ['/metrics', '/proxyMode'],
  });
});

const FLAGS = new Map([
  ['v', '4'],
  ['cluster-cidr', '10.244.0.0/16,fd00::/64'],
]);

test('/flagz as text is sorted', () => {
  const { body } = flagzAnswer(COMPONENT, FLAGS, '*/*');
  assert.deepEqual(body.split('\n'), [
    ...['', 'kube-proxy flagz', WARNING, 'cluster-cidr=10.244.0.0/16,fd00::/64', 'v=4', ''],
  ]);
});

test('/flagz as JSON', () => {
  const accept = 'application/json; as=Flagz; g=config.k8s.io; v=v1alpha1';
  const { body } = flagzAnswer(COMPONENT, FLAGS, accept);
  assert.deepEqual(JSON.parse(body), {
    kind: 'Flagz',
    apiVersion: 'config.k8s.io/v1alpha1',
    metadata: { name: 'kube-proxy' },
    flags: Object.fromEntries(FLAGS),
  });
});

const ACCEPTED: readonly (readonly [accept: string, status: number, type: string])[] = [
  ['', 200, 'text/plain'],
  ['text/plain', 200, 'text/plain'],
  ['text/html,application/xhtml+xml,*/*;q=0.8', 200, 'text/plain'],
  ['application/json', 406, 'text/plain'],
  ['application/json;v=v1alpha1;g=config.k8s.io', 406, 'text/plain'],
  ['application/json;v=v9;g=config.k8s.io;as=Flagz', 406, 'text/plain'],
  ['application/json;v=v1alpha1;g=config.k8s.io;as=Flagz,text/plain', 200, 'application/json'],
  ['application/yaml', 406, 'text/plain'],
];

for (const [accept, status, type] of ACCEPTED) {
  test(`who accepts ${JSON.stringify(accept)} gets ${String(status)} and ${type}`, () => {
    const answer = flagzAnswer(COMPONENT, FLAGS, accept);
    assert.equal(answer.status, status);
    assert.equal(answer.headers['Content-Type']?.split(';')[0], type);
  });
}
