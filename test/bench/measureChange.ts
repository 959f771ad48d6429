/** One endpoint changes while all else is quiet. */
import { setTimeout as wait } from 'node:timers/promises';
import { changeAndLand, rawChange } from './changes.ts';
import type { Started } from './measureStart.ts';
import type { ChangeSample } from './results.ts';

/** More than the agent's --iptables-min-sync-period, which is 1 s by default. */
const QUIET_MS = 1300;
const PAUSE_MS = 1;

/** Change one Service after the other; between two, time the restore that it takes at least. */
export async function measureChanges(
  started: Started,
  count: number,
): Promise<readonly ChangeSample[]> {
  const samples: ChangeSample[] = [];
  for (let change = 0; change < count; change += 1) {
    const { elapsed } = await rawChange(started, [change]);
    await wait(QUIET_MS);
    const landed = await changeAndLand(started, change, PAUSE_MS);
    const sync = started.agent.syncs().at(-1) ?? NaN;
    samples.push({ landed, sync, raw: elapsed * 1000 });
  }
  return samples;
}
