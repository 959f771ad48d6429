import { isDeepStrictEqual } from 'node:util';
import { parseSlice } from '../model/parseSlice.ts';
import type { ServiceKey, Slice } from '../model/types.ts';
import { sliceInterner } from './internSlice.ts';
import type { PendingChanges } from './pendingChanges.ts';
import type { ProblemShelf, Shelf } from './shelf.ts';
import type { ObjectName } from './source.ts';
import { triggerTime } from './triggerTime.ts';

export interface SliceShelf extends Shelf {
  readonly size: number;
  /** The slices of a Service in the order of their names, so that no order of events shows. */
  of(service: ServiceKey): readonly Slice[];
}

/** The EndpointSlices, by name and by Service. Triggers from before `startedAt` are not ours. */
export function sliceShelf(
  changes: PendingChanges,
  problems: ProblemShelf,
  startedAt: number,
): SliceShelf {
  const byName = new Map<ObjectName, Slice>();
  const byService = slicesByService();
  const interned = sliceInterner();

  function remove(name: ObjectName, time?: number): void {
    const before = byName.get(name);
    if (before === undefined) return;
    byName.delete(name);
    byService.remove(before);
    changes.endpointsChanged([before.service], time);
  }

  function replace(name: ObjectName, slice: Slice, time: number | undefined): void {
    const before = byName.get(name);
    if (isDeepStrictEqual(before, slice)) return;
    byName.set(name, slice);
    if (before !== undefined) byService.remove(before);
    byService.add(slice);
    // A slice whose label changed is a loss for one Service and a gain for the other.
    const isMoved = before !== undefined && before.service !== slice.service;
    changes.endpointsChanged(isMoved ? [before.service, slice.service] : [slice.service], time);
  }

  return {
    get size() {
      return byName.size;
    },
    of: byService.of,
    names: () => byName.keys(),
    put(name, object) {
      const parsed = parseSlice(object);
      problems.set(name, parsed.problems);
      const triggered = triggerTime(object);
      const time = triggered !== undefined && triggered >= startedAt ? triggered : undefined;
      if (parsed.slice === undefined) remove(name, time);
      else replace(name, interned(parsed.slice), time);
    },
    remove,
  };
}

interface SlicesByService {
  of(service: ServiceKey): readonly Slice[];
  add(slice: Slice): void;
  remove(slice: Slice): void;
}

const NO_SLICES: readonly Slice[] = [];

function slicesByService(): SlicesByService {
  const lists = new Map<ServiceKey, readonly Slice[]>();

  function of(service: ServiceKey): readonly Slice[] {
    return lists.get(service) ?? NO_SLICES;
  }

  return {
    of,
    add(slice) {
      lists.set(slice.service, [...of(slice.service), slice].sort(byReferenceName));
    },
    remove(slice) {
      const rest = of(slice.service).filter((other) => other !== slice);
      if (rest.length === 0) lists.delete(slice.service);
      else lists.set(slice.service, rest);
    },
  };
}

function byReferenceName(a: Slice, b: Slice): number {
  return a.reference.name < b.reference.name ? -1 : 1;
}
