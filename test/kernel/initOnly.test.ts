/** `kube-proxy --init-only` with the file that kubeadm writes, in a network namespace. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
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

/** As a container is started that may do nothing but this, with /proc/sys read-only. */
const LESSER = [
  'mount -o bind,ro /proc/sys /proc/sys',
  'exec setpriv --bounding-set=-all,+net_admin,+net_raw --inh-caps=-all --no-new-privs "$@" 2>&1',
].join(' && ');

for (const mode of ['iptables', 'userspace']) {
  test(`after it, the agent in ${mode} mode needs no right over the node's sysctls`, async () => {
    const manifests = join(folder, `manifests-${mode}`);
    mkdirSync(manifests);
    const agent = [
      ...[process.execPath, resolve('src/main.ts'), `--proxy-mode=${mode}`],
      ...[`--manifests=${manifests}`, '--hostname-override=node-1', '--cluster-cidr=10.244.0.0/16'],
      ...['--healthz-bind-address=127.0.0.1:0', '--metrics-bind-address=127.0.0.1:0'],
    ];
    await namespace.run(agent[0] ?? '', [...agent.slice(1), '--init-only']);
    const command = [
      'netns',
      'exec',
      namespace.name,
      'unshare',
      '--mount',
      'sh',
      '-c',
      LESSER,
      'sh',
    ];
    const child = spawn('ip', [...command, ...agent], { stdio: ['ignore', 'pipe', 'inherit'] });
    const lines: string[] = [];
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        lines.push(line);
        if (line.includes(' synced ')) break;
      }
    } finally {
      child.kill();
    }
    assert.match(lines.join('\n'), / synced /);
    assert.doesNotMatch(lines.join('\n'), / ERROR /);
  });
}
