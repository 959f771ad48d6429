/** A configuration that changes while the agent runs. */
import { explainChange } from '../config/explainChange.ts';
import type { Loaded } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import type { Log } from '../observe/log.ts';

export interface LiveConfigOptions {
  /** The one that is in force at the start. */
  readonly config: Config;
  readonly log: Log;
  readonly read: () => Promise<Loaded>;
  /** Go on under this one; rejects, and the one before stays, where that cannot be. */
  readonly apply: (config: Config, changed: readonly string[]) => Promise<void>;
}

export interface LiveConfig {
  /** Read it again and apply what changed; one after the other, never two at once. */
  mayHaveChanged(): void;
  /** Resolves when nothing of it runs any more; nothing begins after that. */
  stop(): Promise<void>;
}

export function liveConfig(options: LiveConfigOptions): LiveConfig {
  const { log, read, apply } = options;
  let config = options.config;
  /** What was said of the last one, so that it is said once. */
  let refused = '';
  let running: Promise<void> | undefined;
  let isAgain = false;
  let isStopped = false;

  async function follow(): Promise<void> {
    const { config: next, notes, problems } = await read();
    if (problems !== undefined) {
      refuse(problems.join('; '), problems.join('; '));
      return;
    }
    const changed = explainChange(config, next);
    if (changed.length === 0 || refused === JSON.stringify(next)) return;
    log.info('configuration changed', { fields: changed.join(', ') });
    for (const { level, message, fields } of notes) log[level](message, fields);
    try {
      await apply(next, changed);
      config = next;
      refused = '';
      log.info('going on under the new configuration', { mode: next.mode });
    } catch (error) {
      refuse(JSON.stringify(next), error instanceof Error ? error.message : String(error));
    }
  }

  function refuse(what: string, reason: string): void {
    if (refused === what) return;
    refused = what;
    log.error('configuration refused, the one before stays', { reason });
  }

  function mayHaveChanged(): void {
    if (isStopped) return;
    if (running !== undefined) {
      isAgain = true;
      return;
    }
    running = follow().catch((error: unknown) => {
      log.error('configuration not read', { error: String(error) });
    });
    void running.then(() => {
      running = undefined;
      if (isAgain) mayHaveChanged();
    });
    isAgain = false;
  }

  return {
    mayHaveChanged,
    async stop() {
      isStopped = true;
      await running;
    },
  };
}
