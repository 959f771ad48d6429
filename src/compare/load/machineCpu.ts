/** What the processors of the machine were busy with, from /proc/stat; containers see it, too. */
import { readFileSync } from 'node:fs';
import { sum } from '../report/statistics.ts';
import type { MachineCpu } from './result.ts';

/** What /proc counts time in on every Linux that Node runs on, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/** Seconds since boot, from the first line of /proc/stat: all processors together. */
export function parseMachineCpu(stat: string): MachineCpu {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1] ?? '';
  const seconds = line.split(' ').map((ticks) => Number(ticks) / TICKS_PER_SECOND);
  // user, nice, system, idle, iowait, irq, softirq; what comes behind is in these already.
  if (seconds.length < 7) throw new Error('no times in /proc/stat');
  const capacity = sum(seconds.slice(0, 7));
  return { busy: capacity - sum(seconds.slice(3, 5)), softirq: seconds[6] ?? NaN, capacity };
}

/** Seconds since boot. */
function machineCpu(): MachineCpu {
  return parseMachineCpu(readFileSync('/proc/stat', 'utf8'));
}

/** What `run` gives, and what the machine spent while it ran. */
export async function withMachineCpu<T>(
  run: () => Promise<T>,
): Promise<{ result: T; cpu: MachineCpu }> {
  const before = machineCpu();
  const result = await run();
  const after = machineCpu();
  const cpu = {
    busy: after.busy - before.busy,
    softirq: after.softirq - before.softirq,
    capacity: after.capacity - before.capacity,
  };
  return { result, cpu };
}
