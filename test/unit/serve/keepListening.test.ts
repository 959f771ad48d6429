import assert from 'node:assert/strict';
import { test } from 'node:test';

import { keepListening } from '../../../src/serve/keepListening.ts';
import { ListenError } from '../../../src/serve/listen.ts';

const HERE = { host: '127.0.0.1', port: 10_256 };
const THERE = { host: '127.0.0.1', port: 10_300 };
const EVERYWHERE = { host: '0.0.0.0', port: 10_256 };

/** A kept server on a node where `taken` ports fail, and everything that happens to it. */
function harness() {
  const taken = new Set<number>();
  const events: string[] = [];
  const timers: { readonly ms: number; readonly run: () => void; isCancelled: boolean }[] = [];
  const server = keepListening({
    open({ host, port }) {
      if (taken.has(port)) {
        return Promise.reject(new ListenError(`${String(port)} is taken`, 'EADDRINUSE', undefined));
      }
      events.push(`open ${host}:${String(port)}`);
      const close = (): Promise<void> => {
        events.push(`close ${host}:${String(port)}`);
        return Promise.resolve();
      };
      return Promise.resolve({ port, close });
    },
    onFailure: ({ message }) => void events.push(message),
    onRecovery: ({ port }) => void events.push(`recovered ${String(port)}`),
    after(ms, run) {
      const timer = { ms, run, isCancelled: false };
      timers.push(timer);
      return () => {
        timer.isCancelled = true;
      };
    },
  });
  return {
    ...{ server, events, taken },
    delays: () => timers.map(({ ms }) => ms),
    /** Let the last timer fire, and what follows from it happen. */
    async fire(): Promise<void> {
      const timer = timers.at(-1);
      assert.ok(timer !== undefined && !timer.isCancelled, 'no timer runs');
      timer.run();
      await new Promise(setImmediate);
    },
    isWaiting: () => timers.at(-1)?.isCancelled === false,
  };
}

test('a taken port is told once, and tried until it is free', async () => {
  const { server, events, taken, fire, delays } = harness();
  taken.add(HERE.port);
  const error = await server.move(HERE);
  assert.equal(error?.code, 'EADDRINUSE');
  for (let attempt = 0; attempt < 7; attempt += 1) await fire();
  taken.clear();
  await fire();
  assert.deepEqual(events, ['10256 is taken', 'open 127.0.0.1:10256', 'recovered 10256']);
  assert.deepEqual(delays(), [250, 500, 1000, 2000, 4000, 5000, 5000, 5000]);
});

test('a second outage is told again', async () => {
  const { server, events, taken, fire } = harness();
  taken.add(HERE.port);
  await server.move(HERE);
  taken.clear();
  await fire();
  taken.add(THERE.port);
  await server.move(THERE);
  assert.equal(events.at(-1), '10300 is taken');
});

test('it moves without a moment at which it listens nowhere', async () => {
  const { server, events } = harness();
  await server.move(HERE);
  await server.move(THERE);
  assert.deepEqual(events, [
    ...['open 127.0.0.1:10256', 'open 127.0.0.1:10300', 'close 127.0.0.1:10256'],
  ]);
});

test('it stays where it is as long as the new place is taken', async () => {
  const { server, events, taken, fire } = harness();
  await server.move(HERE);
  taken.add(THERE.port);
  await server.move(THERE);
  assert.deepEqual(events, ['open 127.0.0.1:10256', '10300 is taken']);
  taken.clear();
  await fire();
  assert.ok(events.includes('close 127.0.0.1:10256'));
});

test('addresses of one port follow each other, as one may be part of the other', async () => {
  const { server, events } = harness();
  await server.move(HERE);
  await server.move(EVERYWHERE);
  assert.deepEqual(events, [
    ...['open 127.0.0.1:10256', 'close 127.0.0.1:10256', 'open 0.0.0.0:10256'],
  ]);
});

test('the same place again changes nothing', async () => {
  const { server, events } = harness();
  await server.move(HERE);
  await server.move({ ...HERE });
  assert.deepEqual(events, ['open 127.0.0.1:10256']);
});

test('off closes it, and ends its attempts', async () => {
  const { server, events, taken, isWaiting } = harness();
  await server.move(HERE);
  taken.add(THERE.port);
  await server.move(THERE);
  await server.move('off');
  assert.ok(!isWaiting());
  assert.equal(events.at(-1), 'close 127.0.0.1:10256');
});

test('closing ends its attempts, also those that just begin', async () => {
  const { server, events, taken, isWaiting } = harness();
  taken.add(HERE.port);
  await server.move(HERE);
  await server.close();
  assert.ok(!isWaiting());
  taken.clear();
  const moving = server.move(THERE);
  await server.close();
  await moving;
  assert.equal(events.filter((each) => each.startsWith('open')).length, 0);
});
