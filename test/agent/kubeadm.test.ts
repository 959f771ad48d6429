/** The command line of kubeadm's DaemonSet, its file and its kubeconfig, against an API server. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { startFakeApiServer } from '../support/fakeApiServer.ts';
import { clusterNode, clusterService, clusterSlice } from '../support/fakeApiServerCluster.ts';

test('kube-proxy --config=… --hostname-override=… finds cluster, node and settings', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'fairway-kubeadm-'));
  const server = await startFakeApiServer({ tls: true, tokens: ['secret'] });
  t.after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  server.put('Node', clusterNode('node-1'));
  server.put('Service', clusterService(0));
  server.put('EndpointSlice', clusterSlice(0, 2));
  await writeFile(join(folder, 'token'), 'secret');
  const kubeconfig = await server.writeKubeconfig({ tokenFile: join(folder, 'token') });
  const kubeadm = await readFile('test/unit/config/files/kubeadm.conf', 'utf8');
  const placed = kubeadm.replace('/var/lib/kube-proxy/kubeconfig.conf', kubeconfig);
  assert.notEqual(placed, kubeadm);
  await writeFile(join(folder, 'config.conf'), placed);
  await symlink(resolve('src/main.ts'), join(folder, 'kube-proxy'));

  // A dry run beside it: the same way up to the node, which is not ours to change.
  const child = spawn(process.execPath, [
    join(folder, 'kube-proxy'),
    `--config=${join(folder, 'config.conf')}`,
    '--hostname-override=node-1',
    '--dry-run',
  ]);
  t.after(() => child.kill());
  const [exited, script, log] = await Promise.all([
    once(child, 'exit'),
    text(child.stdout),
    text(child.stderr),
  ]);
  assert.deepEqual(exited, [0, null], log);
  assert.match(log, /kind=Node/);
  assert.doesNotMatch(log, / (?:WARN|ERROR) |does nothing|ignored/);
  assert.match(script, /KUBE-SERVICES/);
  // From clusterCIDR.
  assert.match(script, /-s 10\.244\.0\.0\/16 -g KUBE-DISPATCH/);
  const ofNode = server.requests.filter(({ kind }) => kind === 'Node');
  assert.ok(ofNode.length > 0);
  for (const { query } of ofNode) assert.equal(query.get('fieldSelector'), 'metadata.name=node-1');
});
