import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { NodeInfo } from '../../../src/model/types.ts';
import { createHealthState } from '../../../src/serve/healthState.ts';
import type { HealthState } from '../../../src/serve/healthState.ts';

const MAX_WAIT_MS = 60_000;

const NODE: NodeInfo = { name: 'a', ips: [], zone: undefined, podCIDRs: [], isLeaving: false };

interface Case {
  readonly title: string;
  readonly happens: (state: HealthState) => void;
  readonly now: number;
  readonly isAlive: boolean;
}

const CASES: readonly Case[] = [
  {
    title: 'nothing happened yet, however late it is',
    happens: () => undefined,
    now: 10 * MAX_WAIT_MS,
    isAlive: true,
  },
  {
    title: 'a change has waited as long as it may',
    happens: (state) => {
      state.queued([4, 6], 1000);
    },
    now: 1000 + MAX_WAIT_MS,
    isAlive: true,
  },
  {
    title: 'a change has waited for longer',
    happens: (state) => {
      state.queued([4, 6], 1000);
    },
    now: 1001 + MAX_WAIT_MS,
    isAlive: false,
  },
  {
    title: 'a newer change does not make the older one young',
    happens: (state) => {
      state.queued([4], 1000);
      state.queued([4], 50_000);
    },
    now: 1001 + MAX_WAIT_MS,
    isAlive: false,
  },
  {
    title: 'the change was synced',
    happens: (state) => {
      state.queued([4, 6], 1000);
      state.syncStarted();
      state.synced(4, 2000);
      state.synced(6, 2000);
    },
    now: 1001 + MAX_WAIT_MS,
    isAlive: true,
  },
  {
    title: 'one family was synced and the other was not',
    happens: (state) => {
      state.queued([4, 6], 1000);
      state.syncStarted();
      state.synced(4, 2000);
    },
    now: 1001 + MAX_WAIT_MS,
    isAlive: false,
  },
  {
    title: 'the sync fails again and again',
    happens: (state) => {
      state.queued([4], 1000);
      state.syncStarted();
      state.syncStarted();
    },
    now: 1001 + MAX_WAIT_MS,
    isAlive: false,
  },
  {
    title: 'a change that came during the sync still waits after it',
    happens: (state) => {
      state.queued([4], 1000);
      state.syncStarted();
      state.queued([4], 1500);
      state.synced(4, 2000);
    },
    now: 1501 + MAX_WAIT_MS,
    isAlive: false,
  },
  {
    title: 'a change that came during the sync has waited only from then on',
    happens: (state) => {
      state.queued([4], 1000);
      state.syncStarted();
      state.queued([4], 1500);
      state.synced(4, 2000);
    },
    now: 1500 + MAX_WAIT_MS,
    isAlive: true,
  },
  {
    title: 'it heals with the next success',
    happens: (state) => {
      state.queued([6], 1000);
      state.syncStarted();
      state.queued([6], 2000);
      state.syncStarted();
      state.synced(6, 5 * MAX_WAIT_MS);
    },
    now: 5 * MAX_WAIT_MS,
    isAlive: true,
  },
  {
    title: 'syncs that no change asked for fail',
    happens: (state) => {
      state.syncStarted();
    },
    now: 5 * MAX_WAIT_MS,
    isAlive: true,
  },
];

for (const { title, happens, now, isAlive } of CASES) {
  test(`${isAlive ? 'alive' : 'not alive'}: ${title}`, () => {
    const state = createHealthState({ families: [4, 6], maxWaitMs: MAX_WAIT_MS });
    happens(state);
    assert.equal(state.status(now).isAlive, isAlive);
  });
}

test('ready once every family was synced, and from then on', () => {
  const state = createHealthState({ families: [4, 6], maxWaitMs: MAX_WAIT_MS });
  assert.equal(state.status(0).isReady, false);
  state.synced(4, 1);
  assert.equal(state.status(1).isReady, false);
  state.synced(6, 2);
  assert.equal(state.status(2).isReady, true);
  state.queued([4, 6], 3);
  assert.equal(state.status(10 * MAX_WAIT_MS).isReady, true);
});

test('a family that the node does not program does not matter', () => {
  const state = createHealthState({ families: [4], maxWaitMs: MAX_WAIT_MS });
  state.queued([4, 6], 1);
  state.syncStarted();
  state.synced(4, 2);
  const status = state.status(10 * MAX_WAIT_MS);
  assert.deepEqual([status.isReady, status.isAlive], [true, true]);
});

test('the node is eligible while it is known and not leaving', () => {
  const state = createHealthState({ families: [4], maxWaitMs: MAX_WAIT_MS });
  const seen = [state.status(0).isNodeEligible];
  for (const node of [NODE, { ...NODE, isLeaving: true }, NODE, undefined]) {
    state.setNode(node);
    seen.push(state.status(0).isNodeEligible);
  }
  assert.deepEqual(seen, [false, true, false, true, false]);
});

test('another limit counts for what waits already', () => {
  const state = createHealthState({ families: [4], maxWaitMs: MAX_WAIT_MS });
  state.queued([4], 0);
  state.setMaxWait(1000);
  assert.equal(state.status(1001).isAlive, false);
  state.setMaxWait(MAX_WAIT_MS);
  assert.equal(state.status(1001).isAlive, true);
});
