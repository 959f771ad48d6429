/** Whether a pod of the DaemonSet does what it is there for. */
import { resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { isInForce, nextMarker } from '../../../lab/marker.ts';
import { loadScenario } from '../../../lab/scenario/load.ts';
import type { RunningContainer } from './crun.ts';
import type { Stage } from './stage.ts';

export const SCENARIOS = resolve(import.meta.dirname, '../../../scenarios');

/** What a capability may be missing for: sets and addresses, and a port that only few may take. */
export const ASKED = [
  { scenario: 'affinity', address: 'web', port: 80, protocol: 'TCP' },
  { scenario: 'cluster-ip-udp', address: 'dns', port: 53, protocol: 'UDP' },
] as const;

/** Whether it becomes ready, and a pod then reaches Services. */
export async function doesItsWork(stage: Stage, container: RunningContainer): Promise<boolean> {
  for (const asked of ASKED) {
    const { scenario } = asked;
    const { steps } = loadScenario(resolve(SCENARIOS, scenario), scenario);
    const marker = nextMarker();
    await stage.apiServer.replace((steps[0]?.objects ?? '') + marker.yaml);
    while (!(await isInForce(stage.lab, 'node1', marker))) {
      if (container.hasEnded() || container.logged().includes('sync failed')) return false;
      await wait(20);
    }
    if (!(await reaches(stage, asked))) return false;
  }
  return true;
}

/** Whether a pod of the node has an answer each time. */
export async function reaches(stage: Stage, asked: (typeof ASKED)[number]): Promise<boolean> {
  const { scenario, address, port, protocol } = asked;
  const { addresses } = loadScenario(resolve(SCENARIOS, scenario), scenario);
  const to = { address: addresses[address] ?? '', port };
  const ask = { protocol, to, times: 3, timeoutMs: 2000 } as const;
  const outcomes = await stage.lab.speaker('pod1a').dial(ask);
  return outcomes.every(({ kind }) => kind === 'answer');
}
