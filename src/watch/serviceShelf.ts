import { isDeepStrictEqual } from 'node:util';
import { parseService } from '../model/parseService.ts';
import type { Service, ServiceKey } from '../model/types.ts';
import type { PendingChanges } from './pendingChanges.ts';
import type { ProblemShelf, Shelf } from './shelf.ts';
import type { ObjectName } from './source.ts';

export interface ServiceShelf extends Shelf {
  readonly size: number;
  get(key: ServiceKey): Service | undefined;
  keys(): Iterable<ServiceKey>;
}

/** The Services that this proxy handles. One that stops being handled counts as removed. */
export function serviceShelf(
  changes: PendingChanges,
  problems: ProblemShelf,
  proxyName: string | undefined,
): ServiceShelf {
  const byName = new Map<ObjectName, Service>();

  function remove(name: ObjectName): void {
    const before = byName.get(name);
    if (before === undefined) return;
    byName.delete(name);
    changes.serviceChanged(before.key);
  }

  return {
    get size() {
      return byName.size;
    },
    get: (key) => byName.get(key),
    keys: () => byName.values().map(({ key }) => key),
    names: () => byName.keys(),
    put(name, object) {
      const parsed = parseService(object, proxyName);
      problems.set(name, parsed.problems);
      const { service } = parsed;
      if (service === undefined) {
        remove(name);
      } else if (!isDeepStrictEqual(byName.get(name), service)) {
        byName.set(name, service);
        changes.serviceChanged(service.key);
      }
    },
    remove,
  };
}
