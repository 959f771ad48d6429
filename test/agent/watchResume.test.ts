import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startFakeApiServer } from '../support/fakeApiServer.ts';
import type { FakeApiServer } from '../support/fakeApiServer.ts';
import { startClient } from '../support/fakeApiServerClient.ts';
import type { ClientOptions, FakeClient } from '../support/fakeApiServerClient.ts';
import { clusterService } from '../support/fakeApiServerCluster.ts';

const TIMEOUT = { timeout: 20_000 };

/** A server with one Service, and a client that watches it. */
async function startWatched(
  context: TestContext,
  options: ClientOptions = {},
): Promise<{ server: FakeApiServer; client: FakeClient }> {
  const server = await startFakeApiServer();
  context.after(() => server.close());
  server.put('Service', clusterService(0));
  const client = await startClient(context, server, options);
  await server.watches.opened('Service');
  await client.until(() => client.happened.includes('connected Service'));
  return { server, client };
}

function has(client: FakeClient, index: number): boolean {
  return client.objects.Service.has(`bench/service-${String(index)}`);
}

/** The versions from which the watches of Services began, in order. */
function watchedFrom(server: FakeApiServer): (string | null)[] {
  return server.requests
    .filter(({ verb, kind }) => verb === 'watch' && kind === 'Service')
    .map(({ query }) => query.get('resourceVersion'));
}

test('changes arrive: new, changed and removed objects', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t);
  server.put('Service', clusterService(1));
  server.remove('Service', 'bench/service-0');
  await client.until(() => has(client, 1) && !has(client, 0));
  server.put('Service', { ...clusterService(1), spec: { type: 'LoadBalancer' } });
  await client.until(() =>
    JSON.stringify(client.objects.Service.get('bench/service-1')).includes('LoadBalancer'),
  );
});

test('an object whose labels leave the selection is removed', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t);
  const service = clusterService(0);
  const labels = { 'service.kubernetes.io/service-proxy-name': 'other' };
  server.put('Service', { ...service, metadata: { ...service.metadata, labels } });
  await client.until(() => !has(client, 0));
});

test('a watch asks for bookmarks and ends within five to ten minutes', TIMEOUT, async (t) => {
  const { server } = await startWatched(t);
  const watch = server.requests.find(({ verb }) => verb === 'watch');
  assert.equal(watch?.query.get('allowWatchBookmarks'), 'true');
  assert.equal(watch.query.get('timeoutSeconds'), '450');
});

test('a watch that ends is resumed where it was, without a list', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t);
  server.put('Service', clusterService(1));
  await client.until(() => has(client, 1));
  server.watches.end('Service');
  await client.until(() => watchedFrom(server).length === 2);
  server.put('Service', clusterService(2));
  await client.until(() => has(client, 2));
  assert.deepEqual(watchedFrom(server), ['2', '3']);
  assert.equal(server.count('list', 'Service'), 1);
  assert.ok(!client.happened.includes('disconnected Service'));
});

test('a bookmark moves the place to resume from', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t);
  server.put('Node', { metadata: { name: 'node-2' } });
  server.bookmark('Service');
  await client.until(() => client.happened.includes('heard Service'));
  server.watches.disconnect('Service');
  await client.until(() => watchedFrom(server).length === 2);
  assert.deepEqual(watchedFrom(server), ['2', '3']);
});

test('a connection that breaks within an event is resumed before it', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t);
  server.watches.breakNextEvent('Service');
  server.put('Service', clusterService(1));
  await client.until(() => has(client, 1));
  assert.deepEqual(watchedFrom(server), ['2', '2']);
  assert.equal(server.count('list', 'Service'), 1);
});

test('a connection that is silent without an end is given up', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t, { inactivityMs: 80 });
  server.watches.setSilent('Service', true);
  server.put('Service', clusterService(1));
  await client.until(() => client.happened.includes('disconnected Service'));
  server.watches.setSilent('Service', false);
  await client.until(() => has(client, 1));
  assert.equal(server.count('list', 'Service'), 1);
  const line = client.lines.find(({ fields }) => fields['kind'] === 'Service' && 'error' in fields);
  assert.equal(line?.fields['error'], 'no byte for 80 ms');
});

for (const form of ['status', 'event'] as const) {
  test(`410 as ${form}: listed again, and what vanished is gone`, TIMEOUT, async (t) => {
    const { server, client } = await startWatched(t);
    server.put('Service', clusterService(1));
    await client.until(() => has(client, 1));
    await server.away();
    server.remove('Service', 'bench/service-0');
    server.put('Service', clusterService(2));
    server.compact();
    server.expireBy(form);
    await server.back();
    await client.until(() => has(client, 2) && !has(client, 0));
    assert.equal(server.count('list', 'Service'), 2);
    assert.ok(client.happened.includes('relisted Service'));
    const last = server.requests.findLast(
      ({ verb, kind }) => verb === 'list' && kind === 'Service',
    );
    assert.equal(last?.query.get('resourceVersion'), '3', 'not older than what was seen');
    assert.equal(last.query.get('limit'), null, 'a limit would send it past the cache');
  });
}

test('while the server is away nothing is removed', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t);
  await server.away();
  await client.until(() => client.happened.filter((one) => one === 'log').length > 8);
  assert.ok(has(client, 0));
  assert.ok(!client.happened.some((one) => one.startsWith('remove')));
  await server.back();
  server.put('Service', clusterService(1));
  await client.until(() => has(client, 1));
  assert.equal(server.count('list', 'Service'), 1, 'resumed without a list');
});

test('a line that is no event leads to a new list', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t);
  server.watches.write('Service', Buffer.from('{"type":"MODIFIED","object":{}}\n'));
  await client.until(() => client.happened.includes('relisted Service'));
  server.put('Service', clusterService(1));
  await client.until(() => has(client, 1));
});

test('a server that is behind what was seen is asked for its latest', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t);
  // As after a restore from a backup: the bookmark names a version that will not come again soon.
  const metadata = { resourceVersion: '1000' };
  const bookmark = { type: 'BOOKMARK', object: { kind: 'Service', metadata } };
  server.watches.write('Service', Buffer.from(`${JSON.stringify(bookmark)}\n`));
  await client.until(() => client.happened.includes('heard Service'));
  server.fail({ verb: 'watch', kind: 'Service', status: 410, reason: 'Expired' });
  server.watches.disconnect('Service');
  await client.until(() => watchedFrom(server).at(-1) === '2' && watchedFrom(server).length > 1);
  const lists = server.requests.filter(({ verb, kind }) => verb === 'list' && kind === 'Service');
  assert.deepEqual(
    lists.map(({ query }) => query.get('resourceVersion')),
    ['0', '1000', null],
  );
});

test('watches that end at once are not asked for in a circle without pause', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t, { healthyMs: 60_000 });
  for (const round of [2, 3, 4]) {
    server.watches.end('Service');
    await client.until(() => watchedFrom(server).length === round);
    await server.watches.opened('Service');
  }
  assert.deepEqual(client.pauses, [400, 800, 1600]);
});

test('after stop nothing reaches the sink', TIMEOUT, async (t) => {
  const { server, client } = await startWatched(t);
  await client.stop();
  const before = client.happened.length;
  server.put('Service', clusterService(1));
  await server.away();
  assert.equal(client.happened.length, before);
});
