import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resourceOf } from '../../../src/watch/resources.ts';

test('the server selects Services without another proxy', () => {
  assert.deepEqual(resourceOf('Service', 'node-1').selector, {
    labelSelector: '!service.kubernetes.io/service-proxy-name',
  });
});

test('the server selects slices that are neither headless nor another proxy’s', () => {
  assert.deepEqual(resourceOf('EndpointSlice', 'node-1').selector, {
    labelSelector: '!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name',
  });
});

test('the server selects our own Node only', () => {
  assert.deepEqual(resourceOf('Node', 'node-1').selector, {
    fieldSelector: 'metadata.name=node-1',
  });
});
