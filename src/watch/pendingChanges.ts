import type { Problem, ServiceKey } from '../model/types.ts';

/** What has changed since the last time someone asked. */
export interface Changes {
  /** Services of which the object or a slice came, went or became different. */
  readonly services: ReadonlySet<ServiceKey>;
  readonly nodeChanged: boolean;
  /** Found in objects since then; a problem that an object keeps is told once. */
  readonly problems: readonly Problem[];
  readonly serviceChanges: number;
  readonly endpointChanges: number;
  /**
   * For Services whose endpoints changed: when the first of these changes was made, in
   * milliseconds since the epoch, as far as the slices say so.
   */
  readonly triggerTimes: ReadonlyMap<ServiceKey, number>;
}

/** Collects changes until they are taken. */
export interface PendingChanges {
  serviceChanged(key: ServiceKey): void;
  /** One slice changed, which concerns these Services. `triggerTime` is when, if known. */
  endpointsChanged(keys: readonly ServiceKey[], triggerTime: number | undefined): void;
  nodeChanged(): void;
  problemsFound(problems: readonly Problem[]): void;
  counts(): ChangeCounts;
  take(): Changes;
}

export interface ChangeCounts {
  /** Changes that nobody has taken yet. */
  readonly pendingServiceChanges: number;
  readonly pendingEndpointChanges: number;
  /** All since the start. */
  readonly totalServiceChanges: number;
  readonly totalEndpointChanges: number;
}

/** `onChange` is called after each change. */
export function pendingChanges(onChange: () => void): PendingChanges {
  let pending = noChanges();
  let taken = { services: 0, endpoints: 0 };
  return {
    serviceChanged(key) {
      pending.services.add(key);
      pending.serviceChanges += 1;
      onChange();
    },
    endpointsChanged(keys, triggerTime) {
      pending.endpointChanges += 1;
      for (const key of keys) {
        pending.services.add(key);
        if (triggerTime !== undefined) keepEarliest(pending.triggerTimes, key, triggerTime);
      }
      onChange();
    },
    nodeChanged() {
      pending.nodeChanged = true;
      onChange();
    },
    problemsFound(problems) {
      pending.problems.push(...problems);
      onChange();
    },
    counts: () => ({
      pendingServiceChanges: pending.serviceChanges,
      pendingEndpointChanges: pending.endpointChanges,
      totalServiceChanges: taken.services + pending.serviceChanges,
      totalEndpointChanges: taken.endpoints + pending.endpointChanges,
    }),
    take() {
      const changes = pending;
      taken = {
        services: taken.services + changes.serviceChanges,
        endpoints: taken.endpoints + changes.endpointChanges,
      };
      pending = noChanges();
      return changes;
    },
  };
}

function keepEarliest(times: Map<ServiceKey, number>, key: ServiceKey, time: number): void {
  times.set(key, Math.min(times.get(key) ?? Infinity, time));
}

interface Collected {
  readonly services: Set<ServiceKey>;
  nodeChanged: boolean;
  readonly problems: Problem[];
  serviceChanges: number;
  endpointChanges: number;
  readonly triggerTimes: Map<ServiceKey, number>;
}

function noChanges(): Collected {
  return {
    services: new Set(),
    nodeChanged: false,
    problems: [],
    serviceChanges: 0,
    endpointChanges: 0,
    triggerTimes: new Map(),
  };
}
