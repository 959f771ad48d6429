/** `fairway --init-only`: what only a privileged process may set on the node, and nothing else. */
import type { Config } from '../config/schema.ts';
import { linuxKernel } from '../kernel/linux.ts';
import { setUpNode } from '../sync/nodeSetup.ts';
import { openLog } from './openLog.ts';

/** Resolves with the exit code; rejects when the node lacks something that the mode needs. */
export async function initOnly(config: Config): Promise<number> {
  const log = openLog(config.logging);
  try {
    await setUpNode(config, linuxKernel(), log);
  } finally {
    await log.close();
  }
  return 0;
}
