import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inCluster, serverUrl } from '../../../src/watch/cluster.ts';

test('the address of the API server comes from the environment', () => {
  const environment = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
  assert.equal(inCluster({ environment }).server.host, '10.96.0.1');
});

test('an IPv6 address is put in brackets', () => {
  const environment = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
  assert.equal(inCluster({ environment }).server.href, 'https://[fd00::1]:6443/');
});

test('an address that is told wins over the environment', () => {
  const environment = { KUBERNETES_SERVICE_HOST: '10.96.0.1', KUBERNETES_SERVICE_PORT: '443' };
  const { server } = inCluster({ environment, server: 'https://api.example:6443' });
  assert.equal(server.host, 'api.example:6443');
});

test('outside of a pod it says what to do', () => {
  assert.throws(() => inCluster({ environment: {} }), /say --kubeconfig or --manifests/);
});

test('http:// is refused unless it is meant', () => {
  assert.throws(
    () => serverUrl('http://127.0.0.1:8080', false),
    /insecure-skip-tls-verify: true beside its address/,
  );
  assert.equal(serverUrl('http://127.0.0.1:8080', true).port, '8080');
});

for (const server of ['', 'api.example:6443', 'ftp://api.example', '//api.example']) {
  test(`'${server}' is no address of an API server`, () => {
    assert.throws(() => serverUrl(server, true), /expected an https:\/\/ URL/);
  });
}
