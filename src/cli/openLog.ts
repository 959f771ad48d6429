/** The log as the operator chose it, on standard error. */
import type { Config } from '../config/schema.ts';
import { createLog } from '../observe/log.ts';
import type { ClosableLog } from '../observe/log.ts';

/** From this level of kube-proxy's on, ours tells everything. */
const DEBUG_VERBOSITY = 4;

export function openLog({ format, verbosity }: Config['logging']): ClosableLog {
  return createLog({
    format,
    level: verbosity >= DEBUG_VERBOSITY ? 'debug' : 'info',
    stream: process.stderr,
    now: () => new Date(),
  });
}
