/** The TCP relay when much happens at once, and when the worst does. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { VIP, closeLab, openLab, until } from './relayUdp/lab.ts';
import {
  ask,
  closeSockets,
  destination,
  dial,
  failureOf,
  openFiles,
  readAll,
  serve,
  serveNamed,
  startRelay,
  web,
} from './relayTcp/lab.ts';
import type { TestRelay } from './relayTcp/lab.ts';
import { drink, pour, randomOf } from './relayTcp/streams.ts';

/** As src/relay/tcp/pipes.ts keeps them. */
const SPARE_PIPES = 32;

const A = '10.244.1.2:8080';
const AT_VIP = `${VIP}:80`;
const TABLE = [destination(AT_VIP), web({ cluster: [A] })].join('\n');

describe('the TCP relay under stress', () => {
  const relays: TestRelay[] = [];
  let files: number;

  before(openLab);
  after(closeLab);
  beforeEach(() => {
    files = openFiles();
  });
  afterEach(async () => {
    await closeSockets();
    for (const relay of relays.splice(0)) await relay.close();
    await until('no descriptor is left', () => openFiles() <= files);
  });

  async function start(options: Parameters<typeof startRelay>[0] = {}): Promise<TestRelay> {
    const relay = await startRelay(options, TABLE);
    relays.push(relay);
    return relay;
  }

  it('brings random bytes in random pieces through unchanged, both ways at once', async () => {
    const relay = await start({ workers: 2 });
    const random = randomOf(4711);
    const lengths = [1, 100, 5000, 70_000, 300_000, 1_000_000, 4_000_000, 12_000_000];
    let served = 0;
    const atEndpoint: Promise<unknown>[] = [];
    serve(A, (socket) => {
      const length = lengths[served % lengths.length] ?? 0;
      served += 1;
      atEndpoint.push(Promise.all([pour(socket, length, random), drink(socket, random)]));
    });
    const atClient = lengths.map(async (_, n) => {
      const socket = await dial(AT_VIP, n % 2 === 0 ? 'client' : 'node');
      const length = lengths.at(-1 - n) ?? 0;
      return Promise.all([pour(socket, length, random), drink(socket, random)]);
    });
    const said = await Promise.all(atClient);
    const heard = (await Promise.all(atEndpoint)) as [string, string][];
    assert.deepEqual(said.map(([sent]) => sent).sort(), heard.map(([, got]) => got).sort());
    assert.deepEqual(said.map(([, got]) => got).sort(), heard.map(([sent]) => sent).sort());
    const { bytesToClients, bytesToEndpoints } = relay.count();
    const sum = lengths.reduce((a, b) => a + b, 0);
    assert.deepEqual([bytesToClients, bytesToEndpoints], [sum, sum]);
    assert.deepEqual(relay.logged, []);
  });

  it('holds little for a client that does not read, and loses none of it', async () => {
    const relay = await start();
    const length = 60_000_000;
    const poured = Promise.withResolvers<string>();
    serve(A, (socket) => {
      pour(socket, length, () => 0.999).then(poured.resolve, poured.reject);
    });
    const client = await dial(AT_VIP);
    client.pause();
    let before = -1;
    await until('nothing moves', async () => {
      const moved = relay.count().bytesToClients;
      const rests = moved === before && moved > 0;
      before = moved;
      await sleep(100);
      return rests;
    });
    assert.ok(before < length / 2, `${before} bytes`);
    const got = await drink(client, () => 0.5);
    assert.equal(got, await poured.promise);
  });

  it('passes on a reset at any point, and holds nothing after it', async () => {
    const relay = await start();
    const listening = relay.counts().files.open;
    const random = randomOf(42);
    const ended: Promise<unknown>[] = [];
    serve(A, (socket) => {
      ended.push(new Promise((resolve) => socket.once('close', resolve)));
      void pour(socket, 3_000_000, random).catch(() => undefined);
      if (random() < 0.5) void sleep(random() * 30).then(() => reset(socket));
      else socket.resume();
    });
    const outcomes = Array.from({ length: 60 }, async (_, n) => {
      const socket = await dial(AT_VIP);
      socket.on('error', () => undefined);
      ended.push(new Promise((resolve) => socket.once('close', resolve)));
      void pour(socket, 1_000_000, random).catch(() => undefined);
      if (n % 2 === 0) void sleep(random() * 30).then(() => reset(socket));
      else socket.resume();
    });
    await Promise.all(outcomes);
    await until('all connections are over', () => relay.count().active === 0);
    await until('both sides of all are', async () => {
      const pending = Symbol('pending');
      const first = await Promise.race([Promise.all(ended), sleep(50, pending)]);
      return first !== pending;
    });
    // But pipes that wait for the next connection: src/relay/tcp/pipes.ts.
    await until(
      'no descriptor is held',
      () => relay.counts().files.open <= listening + 2 * SPARE_PIPES,
    );
    assert.deepEqual(relay.logged, []);
  });

  it('lets a client know of an endpoint that dies in mid-connection', async () => {
    await start();
    serve(A, (socket) => {
      socket.write('half');
      socket.on('data', () => socket.resetAndDestroy());
    });
    const client = await dial(AT_VIP);
    assert.equal(String((await once(client, 'data'))[0]), 'half');
    const failure = failureOf(readAll(client));
    client.write('x');
    assert.equal(await failure, 'ECONNRESET');
  });

  it('gives its place to another process without one failed connection', async () => {
    const first = await start();
    serveNamed(A);
    let isOver = false;
    const answers = new Map<string, number>();
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const answer = await ask(AT_VIP).catch(String);
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      }
    });
    await until('clients come', () => (answers.get(A) ?? 0) > 100);
    const second = await start();
    assert.equal(second.port, first.port + 1);
    await first.drain(5000);
    await until('the second serves', () => second.count().connections > 100);
    // Nobody follows this one at once: clients send their SYN again until there is somebody.
    await second.drain(2000);
    const third = await start();
    await until('the third serves', () => third.count().connections > 100);
    isOver = true;
    await Promise.all(clients);
    assert.deepEqual([...answers.keys()], [A]);
  });

  it('loses the connections of a worker that dies, and no others', async () => {
    const before = epolls();
    const relay = await start({ workers: 2 });
    serve(A, (socket) => socket.on('data', (data) => socket.write(data)));
    const sockets: Socket[] = [];
    for (let n = 1; n <= 20; n += 1) {
      const socket = await dial(AT_VIP, 'client', `198.18.0.${n}`);
      socket.on('error', () => undefined);
      socket.write('x');
      await once(socket, 'data');
      sockets.push(socket);
    }
    const [loop = -1] = epolls().filter((fd) => !before.includes(fd) && watchedBy(fd) >= MANY);
    // Its next epoll_wait fails.
    const nothing = openSync('/dev/null', 'r');
    dup2(nothing, loop);
    closeSync(nothing);
    for (const socket of sockets) socket.write('x');
    await until('it was started again', () => relay.counts().workersRestarted === 1);
    const kept = sockets.filter((socket) => !socket.destroyed);
    await until('what it had is lost', () => {
      kept.splice(0, Infinity, ...sockets.filter((socket) => !socket.destroyed));
      return kept.length < sockets.length && relay.count().active === kept.length;
    });
    assert.ok(kept.length > 0);
    for (const socket of kept) {
      socket.write('y');
      await once(socket, 'data');
    }
    assert.match(relay.logged.join('\n'), /a worker of the relay failed.*epoll_wait/);
    // Where it runs now, the endpoints are out of reach; what it says of them shows that it serves.
    await relay.apply(web({ cluster: [] }));
    for (let n = 1; n <= 20; n += 1) {
      const refused = dial(AT_VIP, 'client', `198.18.1.${n}`).then(readAll);
      assert.equal(await failureOf(refused), 'ECONNRESET');
    }
    assert.equal(relay.count().failures['no-endpoint'], 20);
  });
});

/** Node cannot reset what it is about to end. */
function reset(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** Descriptors of this process's epolls. */
function epolls(): readonly number[] {
  return readdirSync('/proc/self/fd')
    .map(Number)
    .filter((fd) => watchedBy(fd) > 0);
}

/** How many descriptors an epoll watches. */
function watchedBy(fd: number): number {
  try {
    return readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8').match(/^tfd:/gm)?.length ?? 0;
  } catch {
    // It is the one that listed the others.
    return 0;
  }
}

/** A worker watches two listeners a family, and what wakes it. */
const MANY = 5;

const dup2 = koffi.load(null).func('int dup2(int, int)') as (from: number, to: number) => number;
