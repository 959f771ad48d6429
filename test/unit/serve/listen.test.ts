import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { textAnswer } from '../../../src/serve/answer.ts';
import { ListenError, listen } from '../../../src/serve/listen.ts';
import type { Listener, ListenOptions } from '../../../src/serve/listen.ts';

const ADVICE = 'ask somebody';

async function open(t: TestContext, options: Partial<ListenOptions> = {}): Promise<Listener> {
  const listener = await listen({
    host: '127.0.0.1',
    port: 0,
    advice: ADVICE,
    answer: () => textAnswer(200, 'yes'),
    ...options,
  });
  t.after(() => listener.close());
  return listener;
}

async function dial(t: TestContext, { port }: Listener): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  t.after(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

function listenErrorOf(promise: Promise<unknown>): Promise<ListenError> {
  return promise.then(
    () => assert.fail('expected that it cannot listen'),
    (error: unknown) => {
      assert.ok(error instanceof ListenError);
      return error;
    },
  );
}

test('it answers, and HEAD is answered without the body', async (t) => {
  const socket = await dial(t, await open(t));
  socket.write('HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const answer = await text(socket);
  assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(answer, /\r\nContent-Length: 3\r\n/);
  assert.ok(answer.endsWith('\r\n\r\n'), answer);
});

test('an answer that fails is a 500 and the server goes on', async (t) => {
  let calls = 0;
  const { port } = await open(t, {
    answer: () => {
      calls += 1;
      if (calls === 1) throw new Error('no luck');
      return textAnswer(200, 'yes');
    },
  });
  const url = `http://127.0.0.1:${String(port)}/`;
  const first = await fetch(url);
  assert.deepEqual([first.status, await first.text()], [500, 'cannot answer: Error: no luck\n']);
  assert.equal(await (await fetch(url)).text(), 'yes');
});

test('a request that is not HTTP is refused', async (t) => {
  const socket = await dial(t, await open(t));
  socket.write('hello\r\n\r\n');
  assert.match(await text(socket), /^HTTP\/1\.1 400 /);
});

test('headers have a limit', async (t) => {
  const socket = await dial(t, await open(t));
  socket.write(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(10_000)}\r\n\r\n`);
  assert.match(await text(socket), /^HTTP\/1\.1 431 /);
});

test('a port that is taken is one clear error', async (t) => {
  const { port } = await open(t);
  const error = await listenErrorOf(open(t, { port }));
  assert.equal(error.code, 'EADDRINUSE');
  assert.equal(
    error.message,
    `cannot listen on 127.0.0.1:${String(port)}: another program has this port ` +
      `(ss -ltnp 'sport = :${String(port)}' shows which); ask somebody`,
  );
});

test('an address that the node has not is one clear error', async (t) => {
  const error = await listenErrorOf(open(t, { host: '192.0.2.1' }));
  assert.equal(error.code, 'EADDRNOTAVAIL');
  assert.equal(
    error.message,
    'cannot listen on 192.0.2.1:0: this node has no such address; ask somebody',
  );
});

test('closing lets an answer under way finish and accepts nothing more', async (t) => {
  let finish = (): void => undefined;
  let started = (): void => undefined;
  const isStarted = new Promise<void>((resolve) => (started = resolve));
  const listener = await open(t, {
    answer: async () => {
      started();
      await new Promise<void>((resolve) => (finish = resolve));
      return textAnswer(200, 'late');
    },
  });
  const url = `http://127.0.0.1:${String(listener.port)}/`;
  const pending = fetch(url);
  await isStarted;
  const closed = listener.close();
  await assert.rejects(fetch(url));
  finish();
  const answer = await pending;
  assert.equal(answer.headers.get('connection'), 'close');
  assert.equal(await answer.text(), 'late');
  await closed;
});

test('an answer that never ends holds up the end only for a while', async (t) => {
  let started = (): void => undefined;
  const isStarted = new Promise<void>((resolve) => (started = resolve));
  const listener = await open(t, {
    answer: () => {
      started();
      return new Promise(() => undefined);
    },
  });
  const socket = await dial(t, listener);
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await isStarted;
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let isClosed = false;
  const closed = listener.close().then(() => (isClosed = true));
  t.mock.timers.tick(1_999);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isClosed, false);
  const cut = once(socket, 'close');
  socket.resume();
  t.mock.timers.tick(1);
  await Promise.all([closed, cut]);
});

test('IPv6 may leave the same port to IPv4', async (t) => {
  const v6 = await open(t, { host: '::', isIpv6Only: true }).catch((error: unknown) => error);
  if (v6 instanceof ListenError) {
    t.skip(v6.message);
    return;
  }
  const { port } = v6 as Listener;
  const v4 = await open(t, { host: '0.0.0.0', port });
  assert.equal(v4.port, port);
});
