/** How long endpoints that went have been ending; the one memory of this mode. */
import { edit } from '../../sorted/sortedMap.ts';
import type { Installed, ObjectKey } from '../backend.ts';

export interface DrainClock {
  /** The same, with `overdue` for real servers that were `busy` for longer than the limit. */
  judge(installed: Installed): Installed;
}

/** Both in milliseconds, of any one clock. A restart begins to count anew. */
export function drainClock(limit: number, now: () => number): DrainClock {
  let since = new Map<ObjectKey, number>();
  return {
    judge(installed) {
      const seen = new Map<ObjectKey, number>();
      const judged = edit(installed, (draft) => {
        for (const [key, text] of installed.entries()) {
          const [, weight] = /^(\d+) busy$/.exec(text) ?? [];
          if (weight === undefined) continue;
          const began = since.get(key) ?? now();
          seen.set(key, began);
          if (now() - began >= limit) draft.set(key, `${weight} overdue`);
        }
      });
      since = seen;
      return judged;
    },
  };
}
