/** `fairway`: the agent, until a signal ends it. */
import type { Config } from '../config/schema.ts';
import { linuxKernel } from '../kernel/linux.ts';
import { startAgent } from '../sync/agent.ts';
import { setUpNode } from '../sync/nodeSetup.ts';
import { staySmall } from './memory.ts';
import { openLog } from './openLog.ts';
import { openSource } from './openSource.ts';

/** Resolves with the exit code after SIGTERM or SIGINT. */
export async function run(config: Config, version: string): Promise<number> {
  const log = openLog(config.logging);
  try {
    const { makeSource, events } = await openSource(config, log);
    log.info('starting', { version, mode: config.mode, node: config.nodeName });
    const stopped = signalled(['SIGTERM', 'SIGINT']);
    const kernel = linuxKernel({ procSys: config.procSys });
    await setUpNode(config, kernel, log);
    const agent = await startAgent({
      config,
      version,
      log,
      kernel,
      events,
      makeSource,
      onReady: staySmall,
    });
    log.info('stopping, rules stay', { signal: await stopped });
    await agent.stop();
  } finally {
    await log.close();
  }
  return 0;
}

/** The first of these signals; a second one then ends the process at once, as is usual. */
function signalled(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, resolve);
  });
}
