/** Servers and loads against each other over loopback. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { closedLoop, openLoop } from '../../../src/compare/load/pace.ts';
import { runLoad } from '../../../src/compare/load/runLoad.ts';
import type { LoadSpec } from '../../../src/compare/load/spec.ts';
import { loadSpecSchema, parseTarget } from '../../../src/compare/load/spec.ts';
import { loadResultSchema, measuredSchema } from '../../../src/compare/load/result.ts';
import type { LoadResult } from '../../../src/compare/load/result.ts';
import { startServers } from '../../../src/compare/servers/serve.ts';
import type { Servers } from '../../../src/compare/servers/serve.ts';

const ANY = { http: 0, tcp: 0, bulk: 0, udp: 0 };
const SHORT = 0.2;

let servers: Servers;
before(async () => {
  servers = await startServers({ name: 'here', address: '127.0.0.1', ports: ANY });
});
after(() => servers.close());

/** What comes back has the documented form, to the last field. */
async function resultOf(spec: LoadSpec): Promise<LoadResult> {
  const measured = measuredSchema.parse(await runLoad(loadSpecSchema.parse(spec)));
  assert.ok(measured.cpu.capacity >= 0);
  return loadResultSchema.parse(measured.result);
}

function at(port: number): string {
  return `127.0.0.1:${String(port)}`;
}

describe('a load against the servers', () => {
  test('connect: every attempt is there, and who answered whom', async () => {
    const targets = [at(servers.ports.tcp)];
    const result = await resultOf({
      kind: 'connect',
      targets,
      seconds: SHORT,
      rate: 100,
      timeoutMs: 1000,
    });
    assert.equal(result.kind, 'connect');
    const all = { here: 20 };
    assert.deepEqual(result.servers, all);
    assert.deepEqual([result.seenAs, result.ownAddresses], Array(2).fill({ '127.0.0.1': 20 }));
    assert.deepEqual(new Set(result.failures), new Set(['']));
    assert.equal(result.atMs.length, 20);
    assert.ok(result.tookUs.every((us, index) => us >= (result.handshakeUs[index] ?? Infinity)));
  });

  test('connect by HTTP: the same, from a server that is asked', async () => {
    const targets = [at(servers.ports.http)];
    const order = { kind: 'connect', targets, seconds: SHORT, rate: 50 } as const;
    const result = await resultOf({ ...order, timeoutMs: 1000, isHttp: true });
    assert.deepEqual(result.kind === 'connect' && result.servers, { here: 10 });
  });

  for (const [kind, port] of [
    ['connections', 'tcp'],
    ['requests', 'http'],
    ['udpPackets', 'udp'],
  ] as const) {
    test(`${kind}: many, none failed`, async () => {
      const spec = { targets: [at(servers.ports[port])], seconds: SHORT, atOnce: 4 };
      const result = await resultOf(
        kind === 'connections' ? { kind, ...spec, timeoutMs: 1000 } : { kind, ...spec },
      );
      assert.equal(result.kind, kind);
      assert.ok('count' in result && result.count > 10, JSON.stringify(result));
      assert.equal(result.failed, 0);
    });
  }

  test('bulk: bytes come', async () => {
    const targets = [at(servers.ports.bulk)];
    const result = await resultOf({ kind: 'bulk', targets, seconds: SHORT, atOnce: 1 });
    assert.ok(result.kind === 'bulk' && result.bytes > 1_000_000);
  });

  test('udpRoundTrip: every datagram comes back', async () => {
    const targets = [at(servers.ports.udp)];
    const order = { kind: 'udpRoundTrip', targets, seconds: SHORT, rate: 100 } as const;
    const result = await resultOf({ ...order, timeoutMs: 1000 });
    assert.ok('failures' in result);
    assert.deepEqual(result.failures, Array(20).fill(''));
  });
});

describe('a load against nobody', () => {
  test('a refusal is a failed attempt with its reason', async () => {
    const listener = createServer().listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const { port } = listener.address() as AddressInfo;
    listener.close();
    await once(listener, 'close');
    const order = { targets: [at(port)], seconds: 0.05, timeoutMs: 100 };
    const result = await resultOf({ kind: 'connect', ...order, rate: 100 });
    assert.ok(result.kind === 'connect');
    assert.deepEqual(new Set(result.failures), new Set(['ECONNREFUSED']));
    assert.deepEqual(result.servers, {});
    const fast = await resultOf({ kind: 'connections', ...order, atOnce: 2 });
    assert.ok('count' in fast && fast.count === 0 && fast.failed > 0);
  });

  test('one that says nothing is waited for until the timeout; one that rambles is a stranger', async (t) => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    const stranger = createServer((socket) => socket.end('220 mail\n\n')).listen(0, '127.0.0.1');
    const sockets = new Set<{ destroy(): void }>();
    silent.on('connection', (socket) => sockets.add(socket));
    t.after(() => {
      for (const socket of sockets) socket.destroy();
      silent.close();
      stranger.close();
    });
    await Promise.all([silent, stranger].map((server) => once(server, 'listening')));
    const targets = [silent, stranger].map((server) => at((server.address() as AddressInfo).port));
    const order = { kind: 'connect', targets, seconds: 0.05, rate: 40, timeoutMs: 100 } as const;
    const result = await resultOf(order);
    assert.ok(result.kind === 'connect');
    assert.deepEqual([...result.failures].sort(), ['stranger', 'timeout']);
  });
});

test('an open loop starts all that was due, though nothing ever ends', async () => {
  const due: number[] = [];
  await openLoop({ rate: 2000, seconds: 0.1 }, ({ atMs }) => due.push(atMs));
  assert.deepEqual([due.length, due[0], due.at(-1)], [200, 0, 99.5]);
});

test('a start that the client was late with counts from when it was due', async () => {
  const starts: { atMs: number; from: number; now: number }[] = [];
  await openLoop({ rate: 100, seconds: 0.05 }, ({ atMs, from }, index) => {
    starts.push({ atMs, from, now: performance.now() });
    // The second to fourth become due while this one keeps the processor to itself.
    if (index === 0) while (performance.now() < from + 35);
  });
  const late = starts.slice(1, 3).map(({ from, now }) => now - from > 2);
  assert.deepEqual(late, [true, true]);
});

test('a closed loop keeps as many running as it was told', async () => {
  let [running, most] = [0, 0];
  const { count, failed } = await closedLoop({ atOnce: 3, seconds: 0.05 }, async (index) => {
    running += 1;
    most = Math.max(most, running);
    await new Promise((resolve) => setTimeout(resolve, 1));
    running -= 1;
    return index % 2 === 0;
  });
  assert.equal(most, 3);
  assert.ok(count > 0 && failed > 0);
});

for (const [text, target] of [
  ['10.0.0.1:80', { host: '10.0.0.1', port: 80 }],
  ['[fd00::1]:8080', { host: 'fd00::1', port: 8080 }],
  ['fd00::1:80', undefined],
  ['[10.0.0.1]:80', undefined],
  ['example.org:80', undefined],
  ['10.0.0.1:0', undefined],
  ['10.0.0.1:65536', undefined],
  ['10.0.0.1', undefined],
] as const) {
  test(`the target ${text}`, () => {
    assert.deepEqual(parseTarget(text), target);
  });
}

test('an order beyond all measure is refused', () => {
  const order = { kind: 'connect', targets: ['10.0.0.1:80'], seconds: 1, rate: 1, timeoutMs: 100 };
  assert.ok(loadSpecSchema.safeParse(order).success);
  for (const change of [{ rate: 1e6 }, { seconds: 1e6 }, { targets: [] }, { more: 1 }]) {
    assert.equal(loadSpecSchema.safeParse({ ...order, ...change }).success, false);
  }
});
