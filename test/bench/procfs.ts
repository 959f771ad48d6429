/** Reading what the kernel and the agent say of the agent. */

/** What /proc counts time in on every Linux that Node runs on, whatever the kernel's own clock. */
const TICKS_PER_SECOND = 100;

/** CPU time from /proc/PID/stat: of the process itself and of its children that have ended. */
export function cpuSeconds(stat: string): { own: number; tools: number } {
  // The second field is the program's name in brackets, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, childUser, childSystem] = fields.slice(11, 15).map(Number);
  if (user === undefined || system === undefined) throw new Error(`no times in "${stat}"`);
  return {
    own: (user + system) / TICKS_PER_SECOND,
    tools: ((childUser ?? NaN) + (childSystem ?? NaN)) / TICKS_PER_SECOND,
  };
}

/** Resident memory from /proc/PID/status, in millions of bytes. */
export function megabytes(status: string): { now: number; peak: number } {
  return { now: field(status, 'VmRSS'), peak: field(status, 'VmHWM') };
}

function field(status: string, name: string): number {
  const kibibytes = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(status)?.[1];
  if (kibibytes === undefined) throw new Error(`no ${name} in /proc/PID/status: has it ended?`);
  return (Number(kibibytes) * 1024) / 1e6;
}

/** The `ms` of each line of the agent's JSON log that tells of a sync. */
export function syncDurations(log: string): readonly number[] {
  return Array.from(log.matchAll(/"msg":"synced".*"ms":(\d+)/g), ([, ms]) => Number(ms));
}
