import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';

/** A watch that can be ended. */
export interface PathWatch {
  close(): void;
}

/**
 * Call `onEvent` when something may have changed at a path: a file, or the entries of a directory.
 * Directories are watched and never files: editors and kubectl replace a file or a symbolic link
 * by renaming another one over it, and a watch on a file would stay with the old one. So the
 * mounted ConfigMap, whose `..data` link is swapped, is seen to change; what links elsewhere point
 * at is not.
 */
export function watchPath(path: string, onEvent: () => void): PathWatch {
  const full = resolve(path);
  let inside: FSWatcher | undefined;
  /** The directory itself may be removed and made again, or be a link that is swapped. */
  const around = watchDirectory(dirname(full), (name) => {
    if (name !== basename(full) && !isSwap(name)) return;
    watchInside();
    onEvent();
  });

  function watchInside(): void {
    inside?.close();
    inside = watchDirectory(full, onEvent);
  }

  watchInside();
  return {
    close() {
      inside?.close();
      around?.close();
    },
  };
}

/** The link that is replaced when the content of a mounted ConfigMap or Secret changes. */
function isSwap(name: string | null): boolean {
  return name === null || name === '..data';
}

/** undefined when there is no such directory now; the watch around it tells when there is. */
function watchDirectory(
  path: string,
  onEvent: (name: string | null) => void,
): FSWatcher | undefined {
  try {
    const watcher = watch(`${path}/`, (_type, name) => {
      onEvent(name);
    });
    // As when the directory is removed.
    watcher.on('error', () => {
      watcher.close();
    });
    return watcher;
  } catch {
    return undefined;
  }
}
