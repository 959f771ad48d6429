/** `fairway`: the agent, until a signal ends it. */
import type { Environment, FlagValues } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { linuxKernel } from '../kernel/linux.ts';
import { startAgent } from '../sync/agent.ts';
import type { Agent, AgentOptions } from '../sync/agent.ts';
import { setUpNode } from '../sync/nodeSetup.ts';
import { watchConfig } from './configWatch.ts';
import { liveConfig } from './liveConfig.ts';
import { staySmall } from './memory.ts';
import { openLog } from './openLog.ts';
import { openSource } from './openSource.ts';
import { readConfig } from './readConfig.ts';

export interface RunOptions {
  readonly config: Config;
  readonly version: string;
  readonly flags: FlagValues;
  readonly environment: Environment;
}

/** Resolves with the exit code after SIGTERM or SIGINT. */
export async function run(options: RunOptions): Promise<number> {
  const { config, version, flags, environment } = options;
  const log = openLog(config.logging);
  try {
    log.info('starting', { version, mode: config.mode, node: config.nodeName });
    const stopped = signalled(['SIGTERM', 'SIGINT']);
    const ground = { version, log, kernel: linuxKernel({ procSys: config.procSys }) };
    let agent = await start(config, ground);
    let current = config;
    const hopeless = Promise.withResolvers<never>();
    hopeless.promise.catch(() => undefined);
    const live = liveConfig({
      ...{ config, log },
      read: () => readConfig(flags, environment),
      async apply(next, changed) {
        log.setVerbosity(next.logging.verbosity);
        if (changed.every((path) => isLive(path))) {
          await setUpNode(next, ground.kernel, log);
          await agent.reconfigure(next);
        } else {
          // Other objects: all of it anew, while the rules stay.
          await agent.stop();
          try {
            agent = await start(next, ground);
          } catch (error) {
            agent = await start(current, ground).catch((again: unknown) => {
              hopeless.reject(again);
              throw again;
            });
            throw error;
          }
        }
        current = next;
      },
    });
    const watching = watchConfig(flags, live.mayHaveChanged);
    log.info('stopping, rules stay', { signal: await Promise.race([stopped, hopeless.promise]) });
    watching.close();
    await live.stop();
    await agent.stop();
  } finally {
    await log.close();
  }
  return 0;
}

/** Where objects come from, and which Node is ours, is decided at a start. */
function isLive(path: string): boolean {
  return !/^(?:clientConnection|nodeName|manifests|procSys|serviceProxyName)\b/.test(path);
}

type Ground = Pick<AgentOptions, 'version' | 'log' | 'kernel'>;

async function start(config: Config, ground: Ground): Promise<Agent> {
  const { makeSource, events } = await openSource(config, ground.log);
  await setUpNode(config, ground.kernel, ground.log);
  return startAgent({ ...ground, config, events, makeSource, onReady: staySmall });
}

/** The first of these signals; a second one then ends the process at once, as is usual. */
function signalled(signals: readonly NodeJS.Signals[]): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of signals) process.once(signal, resolve);
  });
}
