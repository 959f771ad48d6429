/** The log as the operator chose it, on standard error. */
import type { Config } from '../config/schema.ts';
import { createLog, levelOf } from '../observe/log.ts';
import type { ClosableLog } from '../observe/log.ts';

export function openLog({ format, verbosity }: Config['logging']): ClosableLog {
  return createLog({
    format,
    level: levelOf(verbosity),
    stream: process.stderr,
    now: () => new Date(),
  });
}
