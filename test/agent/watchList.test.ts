import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startFakeApiServer } from '../support/fakeApiServer.ts';
import type { FakeApiServer, FakeApiServerOptions } from '../support/fakeApiServer.ts';
import { startClient } from '../support/fakeApiServerClient.ts';
import { clusterNode, clusterService, clusterSlice } from '../support/fakeApiServerCluster.ts';

const TIMEOUT = { timeout: 20_000 };

async function startServer(
  context: TestContext,
  options: FakeApiServerOptions = {},
): Promise<FakeApiServer> {
  const server = await startFakeApiServer(options);
  context.after(() => server.close());
  return server;
}

function putServices(server: FakeApiServer, count: number): void {
  for (let index = 0; index < count; index += 1) server.put('Service', clusterService(index));
}

/** limit, resourceVersion and whether there is a continue token, of each list of Services. */
function lists(server: FakeApiServer): [string | null, string | null, boolean][] {
  return server.requests
    .filter(({ kind, verb }) => kind === 'Service' && verb === 'list')
    .map(({ query }) => [query.get('limit'), query.get('resourceVersion'), query.has('continue')]);
}

function isListed(happened: readonly string[]): boolean {
  return ['Service', 'EndpointSlice', 'Node'].every((kind) =>
    happened.includes(`listFinished ${kind}`),
  );
}

test('every kind is listed, with what the server selects', TIMEOUT, async (t) => {
  const server = await startServer(t);
  putServices(server, 3);
  const other = clusterService(3);
  const labels = { 'service.kubernetes.io/service-proxy-name': 'other' };
  server.put('Service', { ...other, metadata: { ...other.metadata, labels } });
  server.put('EndpointSlice', clusterSlice(0, 2));
  const headless = clusterSlice(1, 2);
  server.put('EndpointSlice', {
    ...headless,
    metadata: { ...headless.metadata, labels: { 'service.kubernetes.io/headless': '' } },
  });
  server.put('Node', clusterNode('node-1'));
  server.put('Node', clusterNode('node-2'));
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  assert.deepEqual(
    [...client.objects.Service.keys()],
    ['bench/service-0', 'bench/service-1', 'bench/service-2'],
  );
  assert.deepEqual([...client.objects.EndpointSlice.keys()], ['bench/service-0-x7k2p']);
  assert.deepEqual([...client.objects.Node.keys()], ['/node-1']);
});

test('with a name of our own, only what has it as its label is listed', TIMEOUT, async (t) => {
  const server = await startServer(t);
  for (const [index, name] of ['fairway', 'other'].entries()) {
    const labels = { 'service.kubernetes.io/service-proxy-name': name };
    for (const [kind, object] of [
      ['Service', clusterService(index)],
      ['EndpointSlice', clusterSlice(index, 1)],
    ] as const) {
      server.put(kind, {
        ...object,
        metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } },
      });
    }
  }
  server.put('Service', clusterService(2));
  const client = await startClient(t, server, { proxyName: 'fairway' });
  await client.until(() => isListed(client.happened));
  assert.deepEqual([...client.objects.Service.keys()], ['bench/service-0']);
  assert.deepEqual([...client.objects.EndpointSlice.keys()], ['bench/service-0-x7k2p']);
});

test('a long list comes in pages of 500, the first one from the cache', TIMEOUT, async (t) => {
  const server = await startServer(t);
  putServices(server, 1200);
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  assert.equal(client.objects.Service.size, 1200);
  assert.deepEqual(lists(server), [
    ['500', '0', false],
    ['500', null, true],
    ['500', null, true],
  ]);
});

test('a server that ignores the limit is read in one go', TIMEOUT, async (t) => {
  const server = await startServer(t, { ignoresLimitForCachedLists: true });
  putServices(server, 1200);
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  assert.equal(client.objects.Service.size, 1200);
  assert.equal(server.count('list', 'Service'), 1);
});

test('compressed lists are read', TIMEOUT, async (t) => {
  const server = await startServer(t, { gzip: true });
  putServices(server, 600);
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  assert.equal(client.objects.Service.size, 600);
});

test('a page that comes too late starts the list again, now consistent', TIMEOUT, async (t) => {
  const server = await startServer(t);
  putServices(server, 700);
  server.fail({ verb: 'list', kind: 'Service', isContinued: true, status: 410, reason: 'Expired' });
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  assert.equal(client.objects.Service.size, 700);
  assert.deepEqual(
    lists(server).map(([, resourceVersion, isContinued]) => [resourceVersion, isContinued]),
    [
      ['0', false],
      [null, true],
      [null, false],
      [null, true],
    ],
  );
});

test('a cluster without objects is synced too', TIMEOUT, async (t) => {
  const server = await startServer(t);
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  assert.equal(client.objects.Service.size, 0);
});

test('one kind that may not be listed does not hold up the others', TIMEOUT, async (t) => {
  const server = await startServer(t);
  putServices(server, 1);
  const message = 'nodes is forbidden: User "agent" cannot list resource "nodes"';
  server.fail({ verb: 'list', kind: 'Node', status: 403, reason: 'Forbidden', message });
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  const line = client.lines.find(({ level }) => level === 'warn');
  assert.equal(
    line?.message,
    'not allowed by the API server: grant this verb on this resource with RBAC',
  );
  assert.equal(line.fields['verb'], 'list');
  assert.equal(line.fields['resource'], 'nodes');
  assert.match(String(line.fields['error']), /User "agent" cannot list resource "nodes"/);
});

test('an answer that is no list empties nothing', TIMEOUT, async (t) => {
  const server = await startServer(t);
  server.fail({ verb: 'list', kind: 'Service', status: 200, message: 'hello' });
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  assert.ok(client.happened.indexOf('disconnected Service') > 0);
  assert.ok(
    client.happened.indexOf('disconnected Service') <
      client.happened.indexOf('listFinished Service'),
  );
});

test(
  '429 and Retry-After: the server is left alone for so long, and a little more',
  TIMEOUT,
  async (t) => {
    const server = await startServer(t);
    server.fail({ verb: 'list', kind: 'Service', status: 429, retryAfterSeconds: 7 });
    const client = await startClient(t, server);
    await client.until(() => isListed(client.happened));
    assert.deepEqual(client.pauses, [7000 + 400]);
  },
);

test('pauses grow while the server fails', TIMEOUT, async (t) => {
  const server = await startServer(t);
  server.fail({ verb: 'list', kind: 'Service', status: 500, times: 4 });
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  assert.deepEqual(client.pauses, [400, 800, 1600, 3200]);
});

test('a missing API is named', TIMEOUT, async (t) => {
  const server = await startServer(t);
  server.fail({ verb: 'list', kind: 'EndpointSlice', status: 404, message: 'page not found' });
  const client = await startClient(t, server);
  await client.until(() => isListed(client.happened));
  const line = client.lines.find(({ level }) => level === 'warn');
  assert.equal(line?.message, 'unknown to the API server: it must serve this resource');
  assert.equal(line.fields['apiGroup'], 'discovery.k8s.io');
});
