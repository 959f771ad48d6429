/** A probe takes orders from whoever has the token, and from nobody else. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as startRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { startProbe, TOKEN_HEADER } from '../../../src/compare/load/probe.ts';
import type { RunningProbe } from '../../../src/compare/load/probe.ts';
import { parseMachineCpu } from '../../../src/compare/load/machineCpu.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairway-probe-'));
const socketPath = join(folder, 'probe');
let probe: RunningProbe;
before(async () => {
  probe = await startProbe({ at: { path: socketPath }, token: 'secret' });
});
after(async () => {
  await probe.close();
  rmSync(folder, { recursive: true });
});

async function ask(
  path: string,
  order: unknown,
  { token = 'secret', method = 'POST' } = {},
): Promise<{ status: number | undefined; body: unknown }> {
  const headers = { [TOKEN_HEADER]: token };
  const request = startRequest({ socketPath, path, method, headers });
  request.end(typeof order === 'string' ? order : JSON.stringify(order));
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return { status: answer.statusCode, body: JSON.parse(await text(answer)) };
}

test('it carries out a load and answers what was measured', async () => {
  // Discard: nobody listens there.
  const order = {
    kind: 'connect',
    targets: ['127.0.0.1:9'],
    seconds: 0.05,
    rate: 20,
    timeoutMs: 100,
  };
  const { status, body } = await ask('/run', order);
  assert.equal(status, 200);
  assert.ok(typeof body === 'object' && body !== null && 'result' in body && 'cpu' in body);
});

test('it fetches from its own host', async (t) => {
  const server = createServer((_, response) => response.end('iptables')).listen(0, '127.0.0.1');
  t.after(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { body } = await ask('/fetch', { port, path: '/proxyMode' });
  assert.deepEqual(body, { status: 200, body: 'iptables' });
});

for (const [why, path, order, choices, status] of [
  ['a wrong token', '/run', {}, { token: 'guess' }, 401],
  ['another method', '/run', '', { method: 'DELETE' }, 405],
  ['what is no JSON', '/run', '{', {}, 500],
  ['what is no load', '/run', { kind: 'flood' }, {}, 400],
  ['a path with a host in it', '/fetch', { port: 80, path: '@example.org/' }, {}, 400],
  ['another path', '/stop', {}, {}, 404],
  ['an order without end', '/run', 'x'.repeat(70_000), {}, 500],
] as const) {
  test(`it refuses ${why}`, async () => {
    assert.equal((await ask(path, order, choices)).status, status);
  });
}

test('anybody may ask whether it is ready', async () => {
  const { status } = await ask('/readyz', '', { token: '', method: 'GET' });
  assert.equal(status, 200);
});

test('the processors’ times from /proc/stat', () => {
  const stat = 'cpu  100 200 300 4000 500 600 700 900 0 0\ncpu0 1 1 1 1 1 1 1 1 0 0\n';
  assert.deepEqual(parseMachineCpu(stat), { busy: 19, softirq: 7, capacity: 64 });
  assert.throws(() => parseMachineCpu('intr 1 2 3\n'), /no times/);
});
