import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fromKubeconfig } from '../../../src/watch/kubeconfig.ts';

const SERVER = 'https://api.example:6443';

interface Parts {
  readonly context?: string;
  readonly cluster?: object;
  readonly user?: object;
}

async function write(context: TestContext, parts: Parts = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, 'config');
  const config = {
    'current-context': parts.context ?? 'main',
    contexts: [{ name: 'main', context: { cluster: 'here', user: 'me' } }],
    clusters: [{ name: 'here', cluster: { server: SERVER, ...parts.cluster } }],
    users: [{ name: 'me', user: parts.user ?? {} }],
  };
  await writeFile(path, JSON.stringify(config));
  await writeFile(join(folder, 'ca.pem'), 'authority');
  await writeFile(join(folder, 'token'), 'secret\n');
  return path;
}

test('a token becomes a bearer header', async (t) => {
  const cluster = await fromKubeconfig(await write(t, { user: { token: 'secret' } }));
  assert.equal(cluster.server.host, 'api.example:6443');
  assert.deepEqual(await cluster.credentials(), {
    headers: { authorization: 'Bearer secret' },
    tls: {},
  });
});

test('relative paths start at the kubeconfig', async (t) => {
  const path = await write(t, {
    cluster: { 'certificate-authority': 'ca.pem' },
    user: { tokenFile: 'token' },
  });
  const cluster = await fromKubeconfig(path);
  assert.deepEqual(await cluster.credentials(), {
    headers: { authorization: 'Bearer secret' },
    tls: { ca: Buffer.from('authority') },
  });
});

test('TLS settings are handed on', async (t) => {
  const path = await write(t, {
    cluster: { 'insecure-skip-tls-verify': true, 'tls-server-name': 'kubernetes' },
    user: {
      'client-certificate-data': Buffer.from('certificate').toString('base64'),
      'client-key-data': Buffer.from('key').toString('base64'),
    },
  });
  const { tls } = await (await fromKubeconfig(path)).credentials();
  assert.deepEqual(tls, {
    cert: Buffer.from('certificate'),
    key: Buffer.from('key'),
    servername: 'kubernetes',
    rejectUnauthorized: false,
  });
});

test('an address that is told wins over the file', async (t) => {
  const cluster = await fromKubeconfig(await write(t), 'https://other.example');
  assert.equal(cluster.server.host, 'other.example');
});

test('what is rare goes through the client library', async (t) => {
  const cluster = await fromKubeconfig(await write(t, { user: { username: 'a', password: 'b' } }));
  const { headers, agent } = await cluster.credentials();
  assert.deepEqual(headers, { authorization: 'Basic YTpi' });
  assert.ok(agent !== undefined);
});

test('a context that does not exist is named, with those that do', async (t) => {
  await assert.rejects(
    fromKubeconfig(await write(t, { context: 'other' })),
    /expected 'other' among .*contexts, found: main/,
  );
});

test('a missing file is named', async () => {
  await assert.rejects(fromKubeconfig('/does/not/exist'), /\/does\/not\/exist/);
});
