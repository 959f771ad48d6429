import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceOf } from '../../../src/watch/resources.ts';

const NODE = { nodeName: 'node-1' };

test('the server selects Services without another proxy', () => {
  assert.deepEqual(resourceOf('Service', NODE).selector, {
    labelSelector: '!service.kubernetes.io/service-proxy-name',
  });
});

test('the server selects slices that are neither headless nor another proxy’s', () => {
  assert.deepEqual(resourceOf('EndpointSlice', NODE).selector, {
    labelSelector: '!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name',
  });
});

test('the server selects our own Node only', () => {
  assert.deepEqual(resourceOf('Node', NODE).selector, {
    fieldSelector: 'metadata.name=node-1',
  });
});

test('with a name of our own the server selects what has it as its label', () => {
  const ours = { ...NODE, proxyName: 'fairway' };
  assert.deepEqual(resourceOf('Service', ours).selector, {
    labelSelector: 'service.kubernetes.io/service-proxy-name=fairway',
  });
  assert.deepEqual(resourceOf('EndpointSlice', ours).selector, {
    labelSelector:
      '!service.kubernetes.io/headless,service.kubernetes.io/service-proxy-name=fairway',
  });
});
