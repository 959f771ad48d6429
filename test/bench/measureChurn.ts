/** Endpoints change all the time. */
import { setTimeout as wait } from 'node:timers/promises';
import { changeAndLand, makeChange, rawChange } from './changes.ts';
import type { Started } from './measureStart.ts';
import type { ChurnResult } from './results.ts';

const PER_SECOND = 20;
/** How many changes there are to each that is watched until it lands. */
const SAMPLE_EVERY = 10;
/** Delays are of the order of the agent's min-sync-period; dialling more often would disturb. */
const PAUSE_MS = 10;
/** Changes before these were numbered lower. */
const FIRST_CHANGE = 10_000;

export async function measureChurn(started: Started, seconds: number): Promise<ChurnResult> {
  const { agent } = started;
  const count = seconds * PER_SECOND;
  const syncsBefore = agent.syncs().length;
  const cpuBefore = agent.cpu();
  const landed = await churn(started, count);
  const cpuAfter = agent.cpu();
  const syncs = agent.syncs().length - syncsBefore;
  return {
    changes: count,
    syncs,
    landed,
    cpu: { own: cpuAfter.own - cpuBefore.own, tools: cpuAfter.tools - cpuBefore.tools },
    rawCpu: await rawChurn(started, count, syncs),
  };
}

/** Make the changes on time; resolves with the delays of those sampled once all have landed. */
async function churn(started: Started, count: number): Promise<readonly number[]> {
  const began = performance.now();
  const landings: Promise<number>[] = [];
  for (let index = 0; index < count; index += 1) {
    const due = began + (index * 1000) / PER_SECOND;
    await wait(Math.max(0, due - performance.now()));
    const change = FIRST_CHANGE + index;
    if (index % SAMPLE_EVERY > 0) await makeChange(started, change);
    else landings.push(changeAndLand(started, change, PAUSE_MS));
  }
  return Promise.all(landings);
}

/** The same changes in as many restores as the agent needed; the processor seconds they take. */
async function rawChurn(started: Started, count: number, restores: number): Promise<number> {
  const perRestore = Math.ceil(count / Math.max(1, restores));
  let cpu = 0;
  for (let first = 0; first < count; first += perRestore) {
    const size = Math.min(perRestore, count - first);
    const changes = Array.from({ length: size }, (_, index) => FIRST_CHANGE + first + index);
    cpu += (await rawChange(started, changes)).cpu;
  }
  return cpu;
}
