/** What the programs that the agent ran have cost, which no process but their parent knows. */
import { readFileSync } from 'node:fs';
import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

/** What /proc counts time in on every Linux that Node runs on (USER_HZ, proc_pid_stat(5)). */
const TICKS_PER_SECOND = 100;

/** Read when asked for; without /proc it has no value. */
export function toolsCpu(registry: Registry): void {
  new Counter({
    name: 'fairway_tools_cpu_seconds_total',
    help: 'CPU time of the programs that the agent has run, such as iptables-restore',
    registers: [registry],
    collect() {
      this.reset();
      const seconds = readSeconds();
      if (seconds === undefined) this.remove();
      else this.inc(seconds);
    },
  });
}

function readSeconds(): number | undefined {
  try {
    return childSeconds(readFileSync('/proc/self/stat', 'utf8'));
  } catch {
    return undefined;
  }
}

/** Seconds of all children that have ended, from the text of /proc/PID/stat. */
export function childSeconds(stat: string): number {
  // The second field is the program's name in brackets, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system] = fields.slice(13, 15).map(Number);
  return ((user ?? NaN) + (system ?? NaN)) / TICKS_PER_SECOND;
}
