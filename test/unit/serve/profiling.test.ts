import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { test } from 'node:test';
import type { TestContext } from 'node:test';

import { listen } from '../../../src/serve/listen.ts';
import { profilingRoutes, v8Profiler } from '../../../src/serve/profiling.ts';
import type { ProfilerOfProcess } from '../../../src/serve/profiling.ts';
import { route } from '../../../src/serve/routes.ts';

async function served(t: TestContext, profiler: ProfilerOfProcess): Promise<string> {
  const routes = profilingRoutes(['node', 'main.ts', '--v=4'], profiler);
  const listener = await listen({
    ...{ host: '127.0.0.1', port: 0, advice: '' },
    answer: (asked, gone) => route(routes, asked, gone),
  });
  t.after(() => listener.close());
  return `http://127.0.0.1:${String(listener.port)}/debug/pprof`;
}

/** Takes no time, or until the signal fires; remembers what was asked for. */
function fakeProfiler(isEndless = false) {
  const asked: number[] = [];
  const began = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  async function take(ms: number, signal: AbortSignal): Promise<void> {
    asked.push(ms);
    began.resolve(undefined);
    if (isEndless) await once(signal, 'abort');
    ended.resolve(undefined);
  }
  const profiler: ProfilerOfProcess = {
    async cpu(ms, signal) {
      await take(ms, signal);
      return { nodes: [], startTime: 1, endTime: 2 };
    },
    async heap(ms, signal) {
      await take(ms, signal);
      throw new Error('no heap');
    },
  };
  return { profiler, asked, began: began.promise, ended: ended.promise };
}

const SECONDS: readonly (readonly [query: string, ms: number | undefined])[] = [
  ['', 30_000],
  ['?seconds=1', 1000],
  ['?seconds=120', 120_000],
  ['?seconds=121', undefined],
  ['?seconds=0', undefined],
  ['?seconds=-5', undefined],
  ['?seconds=1e2', undefined],
  ['?seconds=', undefined],
];

for (const [query, ms] of SECONDS) {
  const title = ms === undefined ? 'refused' : `${String(ms)} ms`;
  test(`a profile with ${JSON.stringify(query)} is ${title}`, async (t) => {
    const { profiler, asked } = fakeProfiler();
    const answer = await fetch(`${await served(t, profiler)}/profile${query}`);
    assert.equal(answer.status, ms === undefined ? 400 : 200);
    assert.deepEqual(asked, ms === undefined ? [] : [ms]);
  });
}

test('one at a time, and a client that goes ends its profile', async (t) => {
  const { profiler, began, ended } = fakeProfiler(true);
  const url = await served(t, profiler);
  const first = request(`${url}/profile`).end();
  first.on('error', () => undefined);
  await began;
  for (const path of ['profile', 'heap', 'heapsnapshot']) {
    assert.equal((await fetch(`${url}/${path}`)).status, 503, path);
  }
  first.destroy();
  await ended;
});

test('after one that failed there may be another', async (t) => {
  const { profiler } = fakeProfiler();
  const url = await served(t, profiler);
  assert.equal((await fetch(`${url}/heap?seconds=1`)).status, 500);
  assert.equal((await fetch(`${url}/profile?seconds=1`)).status, 200);
});

test('the index says how to open them, the command line is that of the process', async (t) => {
  const url = await served(t, fakeProfiler().profiler);
  assert.match(await (await fetch(`${url}/`)).text(), /\.cpuprofile/);
  assert.match(await (await fetch(url)).text(), /\.heapsnapshot/);
  assert.equal(await (await fetch(`${url}/cmdline`)).text(), 'node\0main.ts\0--v=4');
});

test('V8 gives profiles that name our functions', async (t) => {
  const url = await served(t, v8Profiler());
  function busyBee(): number {
    let sum = 0;
    for (let n = 0; n < 3_000_000; n += 1) sum += Math.sqrt(n);
    return sum;
  }
  const kept: string[][] = [];
  const work = setInterval(() => {
    busyBee();
    kept.push(Array.from({ length: 20_000 }, (_, n) => `kept ${String(n)}`));
  }, 50);
  t.after(() => clearInterval(work));
  const cpu = await (await fetch(`${url}/profile?seconds=1`)).text();
  assert.match(cpu, /"functionName":"busyBee"/);
  const heap = (await (await fetch(`${url}/heap?seconds=1`)).json()) as { head?: unknown };
  assert.ok(heap.head !== undefined);
  clearInterval(work);
});

test('a heap snapshot is streamed, and stops nobody afterwards', async (t) => {
  const url = await served(t, fakeProfiler().profiler);
  const [answer] = (await once(request(`${url}/heapsnapshot`).end(), 'response')) as [
    IncomingMessage,
  ];
  let size = 0;
  let head = '';
  for await (const piece of answer as AsyncIterable<Buffer>) {
    if (head === '') head = piece.subarray(0, 12).toString();
    size += piece.length;
  }
  assert.equal(head, '{"snapshot":');
  assert.ok(size > 1_000_000);
  assert.equal((await fetch(`${url}/profile?seconds=1`)).status, 200);
});
