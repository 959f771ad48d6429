/** Noticing that a configuration file has changed. */
import { watch } from 'node:fs';
import { dirname } from 'node:path';
import type { FlagValues } from '../config/load.ts';

export interface ConfigWatch {
  close(): void;
}

/** Several files of a ConfigMap, or a text and its end, come one after the other. */
const QUIET_MS = 200;
/** Where the kernel tells nothing: a network file system, or too many watches. */
const LOOK_MS = 30_000;

/**
 * Call `mayHaveChanged` whenever one of the files that the flags name may be another one, and now and
 * then anyway. Their folders are watched, not they themselves: an editor replaces a file, and the
 * kubelet turns a link to another folder.
 */
export function watchConfig(flags: FlagValues, mayHaveChanged: () => void): ConfigWatch {
  const folders = new Set(
    [flags['config'], flags['fairway-config']].flatMap((path) =>
      typeof path === 'string' && path !== '' ? dirname(path) : [],
    ),
  );
  if (folders.size === 0) return { close: () => undefined };
  let quiet: NodeJS.Timeout | undefined;
  function notice(): void {
    clearTimeout(quiet);
    quiet = setTimeout(mayHaveChanged, QUIET_MS);
  }
  const watchers = [...folders].map((folder) => watchFolder(folder, notice));
  const look = setInterval(mayHaveChanged, LOOK_MS).unref();
  return {
    close() {
      clearTimeout(quiet);
      clearInterval(look);
      for (const stop of watchers) stop();
    },
  };
}

function watchFolder(folder: string, notice: () => void): () => void {
  try {
    const watcher = watch(folder, { persistent: false }, notice);
    watcher.on('error', () => {
      watcher.close();
    });
    return () => {
      watcher.close();
    };
  } catch {
    // Looking now and then is left.
    return () => undefined;
  }
}
