import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { inCluster } from '../../src/watch/cluster.ts';
import { fromKubeconfig } from '../../src/watch/kubeconfig.ts';
import { startFakeApiServer } from '../support/fakeApiServer.ts';
import type { FakeApiServer, FakeApiServerOptions } from '../support/fakeApiServer.ts';
import { startClient } from '../support/fakeApiServerClient.ts';
import type { FakeClient } from '../support/fakeApiServerClient.ts';
import { clusterService } from '../support/fakeApiServerCluster.ts';
import { TEST_CERTIFICATE } from '../support/fakeApiServerTls.ts';

const TIMEOUT = { timeout: 20_000 };

interface Scene {
  readonly server: FakeApiServer;
  readonly folder: string;
}

async function setUp(context: TestContext, options: FakeApiServerOptions): Promise<Scene> {
  const server = await startFakeApiServer(options);
  const folder = await mkdtemp(join(tmpdir(), 'credentials-'));
  context.after(() => Promise.all([server.close(), rm(folder, { recursive: true })]));
  server.put('Service', clusterService(0));
  return { server, folder };
}

/** A service account as a pod finds it. */
async function writeServiceAccount(folder: string, token: string): Promise<void> {
  await writeFile(join(folder, 'token'), token);
  await writeFile(join(folder, 'ca.crt'), TEST_CERTIFICATE);
}

async function isUpToDate(client: FakeClient): Promise<void> {
  await client.until(() => client.objects.Service.has('bench/service-0'));
}

function inClusterOf({ server, folder }: Scene): ReturnType<typeof inCluster> {
  const { hostname, port } = new URL(server.url);
  const environment = { KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port };
  return inCluster({ environment, serviceAccountPath: folder });
}

test('in a cluster the service account’s token and authority are used', TIMEOUT, async (t) => {
  const scene = await setUp(t, { tls: true, tokens: ['one'] });
  await writeServiceAccount(scene.folder, 'one\n');
  await isUpToDate(await startClient(t, scene.server, { cluster: inClusterOf(scene) }));
});

test('a rotated token is used from the next request on', TIMEOUT, async (t) => {
  const scene = await setUp(t, { tls: true, tokens: ['one'] });
  const { server, folder } = scene;
  await writeServiceAccount(folder, 'one');
  const client = await startClient(t, server, { cluster: inClusterOf(scene) });
  await isUpToDate(client);
  await server.watches.opened('Service');
  await writeServiceAccount(folder, 'two');
  server.acceptTokens(['two']);
  server.watches.end('Service');
  await client.until(() => server.count('watch', 'Service') === 2);
  server.put('Service', clusterService(1));
  await client.until(() => client.objects.Service.has('bench/service-1'));
  assert.ok(!client.happened.includes('disconnected Service'));
});

test('a refused token is said, and tried again', TIMEOUT, async (t) => {
  const scene = await setUp(t, { tls: true, tokens: ['two'] });
  await writeServiceAccount(scene.folder, 'one');
  const client = await startClient(t, scene.server, { cluster: inClusterOf(scene) });
  await client.until(() => client.happened.includes('disconnected Service'));
  assert.equal(
    client.lines[0]?.message,
    'the API server does not accept the credentials; they will be read again',
  );
  await writeServiceAccount(scene.folder, 'two');
  await isUpToDate(client);
});

test('a token file of a kubeconfig, as kubeadm writes it', TIMEOUT, async (t) => {
  const { server, folder } = await setUp(t, { tls: true, tokens: ['one'] });
  await writeFile(join(folder, 'token'), 'one');
  const path = await server.writeKubeconfig({ tokenFile: join(folder, 'token') });
  await isUpToDate(await startClient(t, server, { cluster: await fromKubeconfig(path) }));
});

test('a client certificate', TIMEOUT, async (t) => {
  const { server } = await setUp(t, { tls: true, requireClientCertificate: true });
  const path = await server.writeKubeconfig({ clientCertificate: true });
  await isUpToDate(await startClient(t, server, { cluster: await fromKubeconfig(path) }));
});

test('a credential program is run again once its token is refused', TIMEOUT, async (t) => {
  const { server, folder } = await setUp(t, { tls: true, tokens: ['two'] });
  const token = join(folder, 'token');
  await writeFile(token, 'one');
  const script = `printf '{"status":{"token":"%s"}}' "$(cat '${token}')"`;
  const path = await server.writeKubeconfig({ exec: { command: 'sh', args: ['-c', script] } });
  const client = await startClient(t, server, { cluster: await fromKubeconfig(path) });
  await client.until(() => client.happened.includes('disconnected Service'));
  await writeFile(token, 'two');
  await isUpToDate(client);
});

test('a server that another authority vouches for is not talked to', TIMEOUT, async (t) => {
  const { server } = await setUp(t, { tls: true });
  const cluster = {
    server: new URL(server.url),
    credentials: () => Promise.resolve({ headers: {}, tls: {} }),
    renew: () => undefined,
  };
  const client = await startClient(t, server, { cluster });
  await client.until(() => client.happened.includes('disconnected Service'));
  assert.match(String(client.lines[0]?.fields['error']), /self-signed certificate/);
  assert.equal(server.requests.length, 0);
});
