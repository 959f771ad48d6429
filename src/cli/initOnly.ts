/** `fairway --init-only`: what only a privileged process may set on the node, and nothing else. */
import type { Config } from '../config/schema.ts';
import { linuxKernel } from '../kernel/linux.ts';
import { setUpNode } from '../sync/nodeSetup.ts';
import { openLog } from './openLog.ts';

/** Resolves with the exit code. A later start needs CAP_NET_ADMIN and CAP_NET_RAW only. */
export async function initOnly(config: Config): Promise<number> {
  const log = openLog(config.logging);
  try {
    await setUpNode(config, linuxKernel({ procSys: config.procSys }), log);
    log.info('the node is set up', { mode: config.mode });
  } finally {
    await log.close();
  }
  return 0;
}
