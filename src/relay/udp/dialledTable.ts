/** What clients dial now, by address and by Service. */
import { openDialled } from './dialled.ts';
import type { DialledAs } from './dialled.ts';
import type { Dialled } from './flow.ts';
import type { SocketKey } from './socketKey.ts';
import type { Descriptors } from '../native/descriptors.ts';

export interface DialledTable {
  find(key: SocketKey): Dialled | undefined;
  /** Those of a Service. */
  ofService(service: string): readonly Dialled[];
  all(): readonly Dialled[];
  /** The one at hand, or a new one. Throws a SystemError. */
  open(as: DialledAs): Dialled;
  /** Nobody dials it any more. */
  close(dialled: Dialled): void;
}

export function createDialledTable(descriptors: Descriptors): DialledTable {
  const byKey = new Map<SocketKey, Dialled>();
  const byService = new Map<string, Set<Dialled>>();

  return {
    find: (key) => byKey.get(key),
    ofService: (service) => [...(byService.get(service) ?? [])],
    all: () => [...byKey.values()],
    open(as) {
      const known = byKey.get(as.key);
      if (known !== undefined) return known;
      const { service } = as.destination;
      const dialled = openDialled(as, descriptors);
      byKey.set(as.key, dialled);
      byService.set(service, (byService.get(service) ?? new Set()).add(dialled));
      return dialled;
    },
    close(dialled) {
      const { service } = dialled.destination;
      const ofService = byService.get(service);
      byKey.delete(dialled.key);
      ofService?.delete(dialled);
      if (ofService?.size === 0) byService.delete(service);
      descriptors.close(dialled.replyFd);
      dialled.replyFd = -1;
    },
  };
}
