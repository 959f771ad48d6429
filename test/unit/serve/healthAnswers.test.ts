import assert from 'node:assert/strict';
import { test } from 'node:test';

import { healthzAnswer, livezAnswer, readyzAnswer } from '../../../src/serve/healthAnswers.ts';
import type { HealthStatus } from '../../../src/serve/healthState.ts';

const NOW = '2026-03-04T05:06:07.000Z';
const EARLY = '2026-03-04T05:00:00.000Z';
const LATE = '2026-03-04T05:06:00.000Z';

const GOOD: HealthStatus = {
  now: Date.parse(NOW),
  isReady: true,
  isAlive: true,
  isNodeEligible: true,
  families: [
    { family: 4, lastSynced: Date.parse(LATE), isAlive: true },
    { family: 6, lastSynced: Date.parse(EARLY), isAlive: true },
  ],
};

const STUCK: HealthStatus = {
  ...GOOD,
  isAlive: false,
  families: [
    { family: 4, lastSynced: Date.parse(LATE), isAlive: true },
    { family: 6, lastSynced: Date.parse(EARLY), isAlive: false },
  ],
};

const LEAVING: HealthStatus = { ...GOOD, isNodeEligible: false };

const FRESH: HealthStatus = {
  ...GOOD,
  isReady: false,
  isNodeEligible: false,
  families: [{ family: 4, lastSynced: undefined, isAlive: true }],
};

const BOTH_GOOD = {
  IPv4: { lastUpdated: NOW, healthy: true },
  IPv6: { lastUpdated: NOW, healthy: true },
};

const ANSWERS = [
  {
    title: '/healthz of an agent that keeps up',
    answer: healthzAnswer(GOOD),
    status: 200,
    body: {
      lastUpdated: NOW,
      currentTime: NOW,
      nodeEligible: true,
      healthy: true,
      status: BOTH_GOOD,
    },
  },
  {
    title: '/healthz of an agent that is stuck',
    answer: healthzAnswer(STUCK),
    status: 503,
    body: {
      lastUpdated: EARLY,
      currentTime: NOW,
      nodeEligible: true,
      healthy: false,
      status: { IPv4: BOTH_GOOD.IPv4, IPv6: { lastUpdated: EARLY, healthy: false } },
    },
  },
  {
    title: '/healthz of a node that is leaving',
    answer: healthzAnswer(LEAVING),
    status: 503,
    body: {
      lastUpdated: EARLY,
      currentTime: NOW,
      nodeEligible: false,
      healthy: false,
      status: BOTH_GOOD,
    },
  },
  {
    title: '/healthz before the first sync of an unknown node',
    answer: healthzAnswer(FRESH),
    status: 503,
    body: {
      lastUpdated: null,
      currentTime: NOW,
      nodeEligible: false,
      healthy: false,
      status: { IPv4: BOTH_GOOD.IPv4 },
    },
  },
  {
    title: '/livez of a node that is leaving',
    answer: livezAnswer(LEAVING),
    status: 200,
    body: { lastUpdated: NOW, currentTime: NOW, healthy: true, status: BOTH_GOOD },
  },
  {
    title: '/livez of an agent that is stuck',
    answer: livezAnswer(STUCK),
    status: 503,
    body: {
      lastUpdated: EARLY,
      currentTime: NOW,
      healthy: false,
      status: { IPv4: BOTH_GOOD.IPv4, IPv6: { lastUpdated: EARLY, healthy: false } },
    },
  },
  {
    title: '/livez before the first sync',
    answer: livezAnswer(FRESH),
    status: 200,
    body: {
      lastUpdated: NOW,
      currentTime: NOW,
      healthy: true,
      status: { IPv4: BOTH_GOOD.IPv4 },
    },
  },
  {
    title: '/readyz after the first sync, even when stuck since',
    answer: readyzAnswer(STUCK),
    status: 200,
    body: { ready: true, status: { IPv4: { synced: true }, IPv6: { synced: true } } },
  },
  {
    title: '/readyz before the first sync',
    answer: readyzAnswer(FRESH),
    status: 503,
    body: { ready: false, status: { IPv4: { synced: false } } },
  },
];

for (const { title, answer, status, body } of ANSWERS) {
  test(`${title} is ${String(status)}, with the keys in kube-proxy's order`, () => {
    assert.equal(answer.status, status);
    assert.equal(answer.body, JSON.stringify(body));
    assert.deepEqual(answer.headers, {
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
    });
  });
}
