/** From starting the agent to the first packet. */
import { setTimeout as wait } from 'node:timers/promises';
import { SLOWNESS } from '../lab/slowness.ts';
import { clusterIp } from './addresses.ts';
import { startBenchAgent } from './agent.ts';
import type { BenchAgent } from './agent.ts';
import { startApiServer } from './apiServer.ts';
import type { ApiServer } from './apiServer.ts';
import type { BenchVariant } from './options.ts';
import { saveRules } from './raw.ts';
import type { RawRules } from './raw.ts';
import { saveSets } from './rawSets.ts';
import { untilReached } from './reach.ts';
import type { StartSample } from './results.ts';
import { openSite } from './site.ts';
import type { Site } from './site.ts';

/** What a size is measured in. */
export interface Subject {
  readonly services: number;
  readonly variant: BenchVariant;
}

/** An agent that runs, with all that it needs and the same rules beside it. */
export interface Started {
  readonly subject: Subject;
  readonly site: Site;
  readonly api: ApiServer;
  readonly agent: BenchAgent;
  readonly raw: RawRules;
  readonly sample: StartSample;
  readonly memoryAfterFirstSync: number;
}

const PATIENCE_MS = 300_000 * SLOWNESS;
const PAUSE_MS = 2;

/** Start an agent in fresh namespaces, in place of the one before it. */
export async function measureStart(prefix: string, subject: Subject): Promise<Started> {
  const site = await openSite(prefix);
  const api = await startApiServer(site, subject.services);
  const began = performance.now();
  const agent = startBenchAgent(site, api, subject.variant);
  const reached = await untilReached(site, {
    clusterIp: clusterIp(subject.services - 1),
    patienceMs: PATIENCE_MS,
    pauseMs: PAUSE_MS,
    check: agent.assertRunning,
  });
  const firstSync = await firstSyncOf(agent);
  const memoryAfterFirstSync = agent.memory().now;
  const raw = await saveFor(site, subject.variant);
  const { elapsed } = await raw.load();
  const sample = { firstPacket: reached - began, firstSync, raw: elapsed * 1000 };
  return { subject, site, api, agent, raw, sample, memoryAfterFirstSync };
}

function saveFor(site: Site, variant: BenchVariant): Promise<RawRules> {
  const hasSets = variant === 'ipvs' || variant === 'userspace';
  return hasSets ? saveSets(site, variant) : saveRules(site, variant);
}

/** The rules are in force a little before the agent says so. */
async function firstSyncOf(agent: BenchAgent): Promise<number> {
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const [first] = agent.syncs();
    if (first !== undefined) return first;
    agent.assertRunning();
    await wait(PAUSE_MS);
  }
  throw new Error(`the agent has not logged its first sync:\n${agent.logged()}`);
}
