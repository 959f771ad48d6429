/** What clients dial now, by address and by Service. */
import type { Dialled } from './flow.ts';
import type { SocketKey } from './socketKey.ts';
import type { Descriptors } from '../native/descriptors.ts';

export interface DialledTable {
  find(key: SocketKey): Dialled | undefined;
  /** Those of a Service. */
  ofService(service: string): readonly Dialled[];
  all(): readonly Dialled[];
  add(dialled: Dialled): void;
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
    add(dialled) {
      const { service } = dialled.destination;
      byKey.set(dialled.key, dialled);
      byService.set(service, (byService.get(service) ?? new Set()).add(dialled));
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
