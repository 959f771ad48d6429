import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { startLoop } from '../../../src/sync/loop.ts';
import type { SyncTask } from '../../../src/sync/loop.ts';

const PACING = { minIntervalMs: 1000, checkIntervalMs: 30_000 };

/** A task whose syncs last until the test ends them, under mocked time. */
function harness(t: TestContext, readTookMs = 0) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const started: { isCheck: boolean; end(error?: Error): void; breakOff: AbortSignal }[] = [];
  const task: SyncTask = {
    sync(isCheck, breakOff) {
      const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
      started.push({
        isCheck,
        breakOff,
        end(error) {
          if (error === undefined) resolve(breakOff.aborted ? undefined : readTookMs);
          else reject(error);
        },
      });
      return promise;
    },
    isHopeless: (error) => error instanceof Error && error.message === 'hopeless',
  };
  const clock = {
    now: () => Date.now(),
    setTimeout: (run: () => void, ms: number) => setTimeout(run, ms),
  };
  const loop = startLoop(task, PACING, clock);
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms);
    // Let the promises of an ended sync settle.
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return { loop, started, pass };
}

test('it sleeps until the first wake', async (t) => {
  const { started, pass } = harness(t);
  await pass(100_000);
  assert.equal(started.length, 0);
});

test('a lone change after quiet is applied at once', async (t) => {
  const { loop, started, pass } = harness(t);
  loop.wake();
  await pass(0);
  assert.equal(started.length, 1);
});

test('what changes during a sync makes one next sync, a minimum interval after its end', async (t) => {
  const { loop, started, pass } = harness(t);
  loop.wake();
  await pass(0);
  loop.wake();
  loop.wake();
  await pass(5000);
  assert.equal(started.length, 1, 'one at a time');
  started[0]?.end();
  await pass(0);
  await pass(999);
  assert.equal(started.length, 1, 'the interval counts from the end');
  await pass(1);
  assert.equal(started.length, 2);
});

test('a failed sync is tried again, later each time', async (t) => {
  const { loop, started, pass } = harness(t);
  loop.wake();
  await pass(0);
  for (const [attempt, delay] of [
    [1, 1000],
    [2, 1000],
    [3, 2000],
    [4, 4000],
  ] as const) {
    started.at(-1)?.end(new Error('no'));
    await pass(0);
    await pass(delay - 1);
    assert.equal(started.length, attempt, `before ${String(delay)} ms`);
    await pass(1);
    assert.equal(started.length, attempt + 1, `after ${String(delay)} ms`);
  }
});

test('what only a person can mend is tried again with the checks', async (t) => {
  const { loop, started, pass } = harness(t);
  loop.wake();
  await pass(0);
  started[0]?.end(new Error('hopeless'));
  await pass(0);
  await pass(29_999);
  assert.equal(started.length, 1);
  await pass(1);
  assert.equal(started.length, 2);
});

test('without changes the node is checked once a check interval', async (t) => {
  const { loop, started, pass } = harness(t);
  loop.wake();
  await pass(0);
  started[0]?.end();
  await pass(0);
  await pass(29_999);
  assert.equal(started.length, 1);
  await pass(1);
  assert.deepEqual(
    started.map((each) => each.isCheck),
    [true, true],
  );
});

test('checks of very many rules are further apart: they take a tenth of the time', async (t) => {
  const { loop, started, pass } = harness(t, 10_000);
  loop.wake();
  await pass(0);
  started[0]?.end();
  await pass(0);
  await pass(99_999);
  assert.equal(started.length, 1);
  await pass(1);
  assert.equal(started.length, 2);
});

test('a check makes way for a change and comes back later', async (t) => {
  const { loop, started, pass } = harness(t);
  loop.wake();
  await pass(0);
  started[0]?.end();
  await pass(0);
  await pass(30_000);
  assert.equal(started[1]?.isCheck, true);
  loop.wake();
  assert.equal(started[1].breakOff.aborted, true);
  started[1].end();
  await pass(0);
  await pass(0);
  assert.equal(started[2]?.isCheck, false, 'the change, at once');
  started[2].end();
  await pass(0);
  await pass(4999);
  assert.equal(started.length, 3);
  await pass(1);
  assert.equal(started[3]?.isCheck, true);
});

test('under a stream of changes a check comes first after three intervals', async (t) => {
  const { loop, started, pass } = harness(t);
  loop.wake();
  await pass(0);
  for (let second = 0; second < 95; second += 1) {
    started.at(-1)?.end();
    loop.wake();
    await pass(1000);
  }
  assert.equal(started.slice(1).filter(({ isCheck }) => isCheck).length, 1);
});

test('stop waits for the running sync and starts no other', async (t) => {
  const { loop, started, pass } = harness(t);
  loop.wake();
  await pass(0);
  loop.wake();
  let isStopped = false;
  const stopped = loop.stop().then(() => (isStopped = true));
  await pass(0);
  assert.equal(isStopped, false);
  started[0]?.end();
  await stopped;
  await pass(100_000);
  assert.equal(started.length, 1);
});
