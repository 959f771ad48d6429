/** `kube-proxy --init-only` with the file that kubeadm writes, in a network namespace. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, test } from 'node:test';

import { testNamespace } from '../support/namespaceKernel.ts';

const namespace = testNamespace('init');
const folder = mkdtempSync(join(tmpdir(), 'fairway-init-'));
after(() => {
  namespace.remove();
  rmSync(folder, { recursive: true });
});

test('it sets up the node and ends, without a rule and without an API server', async () => {
  const program = join(folder, 'kube-proxy');
  symlinkSync(resolve('src/main.ts'), program);
  const established = 'net.netfilter.nf_conntrack_tcp_timeout_established';
  const localnet = 'net.ipv4.conf.all.route_localnet';
  assert.notEqual(await namespace.kernel.sysctl(established), '86400');
  assert.equal(await namespace.kernel.sysctl(localnet), '0');
  await namespace.run(process.execPath, [
    program,
    `--config=${resolve('test/unit/config/files/kubeadm.conf')}`,
    ...['--hostname-override=node-1', '--init-only'],
  ]);
  assert.equal(await namespace.kernel.sysctl(established), '86400');
  assert.equal(await namespace.kernel.sysctl(localnet), '1');
  assert.doesNotMatch(await namespace.kernel.list('iptables-save', []), /KUBE-SERVICES/);
});
