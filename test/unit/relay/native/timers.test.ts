import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { createTimers } from '../../../../src/relay/native/timers.ts';

describe('createTimers', () => {
  it('runs what is due, once, and says how long the next has to wait', () => {
    const timers = createTimers();
    const ran: string[] = [];
    timers.add(0, 100, () => ran.push('late'));
    timers.add(0, 10, () => ran.push('soon'));
    assert.equal(timers.wait(4.5), 6);
    timers.run(10);
    timers.run(20);
    assert.deepEqual(ran, ['soon']);
    assert.equal(timers.wait(20), 80);
    assert.equal(timers.wait(500), 0);
  });

  it('does not run what was stopped, and waits for nothing then', () => {
    const timers = createTimers();
    const timer = timers.add(0, 10, () => assert.fail('stopped'));
    timer.stop();
    timers.run(100);
    assert.equal(timers.wait(0), -1);
  });

  it('may add and stop timers while it runs them', () => {
    const timers = createTimers();
    const ran: number[] = [];
    timers.add(0, 10, () => {
      ran.push(1);
      second.stop();
      timers.add(10, 10, () => ran.push(3));
    });
    const second = timers.add(0, 10, () => ran.push(2));
    timers.run(10);
    assert.deepEqual(ran, [1]);
    timers.run(20);
    assert.deepEqual(ran, [1, 3]);
  });

  it('keeps its order over thousands that come and go', () => {
    const timers = createTimers();
    const ran: number[] = [];
    for (let now = 0; now < 5000; now += 1) {
      const timer = timers.add(now, 50, () => ran.push(now));
      if (now % 3 > 0) timer.stop();
      timers.run(now);
    }
    assert.deepEqual(
      ran,
      Array.from({ length: 1650 }, (_, index) => index * 3),
    );
  });
});
