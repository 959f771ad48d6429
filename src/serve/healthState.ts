/** Is this agent keeping up, and should load balancers use its node? Pure: the clock is handed in. */
import type { NodeInfo } from '../model/types.ts';
import type { Family } from '../net/family.ts';

/** Told by the sync loop, asked by the servers. Times are milliseconds since the epoch. */
export interface HealthState {
  /**
   * A change that concerns these families waits for a sync. Not to be called before all objects
   * were listed: an agent that cannot reach the API server yet is healthy, as kube-proxy is.
   */
  queued(families: readonly Family[], now: number): void;
  /** A sync begins: it covers what was queued before, but nothing that is queued from here on. */
  syncStarted(): void;
  /** That sync has succeeded for a family. After a failure say nothing. */
  synced(family: Family, now: number): void;
  /** undefined while the Node is unknown and after it was deleted. */
  setNode(node: NodeInfo | undefined): void;
  /** How long a change may wait from now on. */
  setMaxWait(ms: number): void;
  status(now: number): HealthStatus;
}

export interface HealthStatus {
  readonly now: number;
  /** Every family has a successful sync behind it. */
  readonly isReady: boolean;
  /** No change has waited for longer than the limit. */
  readonly isAlive: boolean;
  readonly isNodeEligible: boolean;
  readonly families: readonly FamilyStatus[];
}

export interface FamilyStatus {
  readonly family: Family;
  /** undefined before the first sync. */
  readonly lastSynced: number | undefined;
  readonly isAlive: boolean;
}

export interface HealthStateOptions {
  /** Families that this node programs. */
  readonly families: readonly Family[];
  /** How long a change may wait; kube-proxy's limit is twice the sync period. */
  readonly maxWaitMs: number;
}

interface Waiting {
  readonly family: Family;
  lastSynced: number | undefined;
  /** Oldest change that no sync has begun to cover. */
  queuedSince: number | undefined;
  /** Oldest change that the running sync covers, or that failed ones before it tried to cover. */
  takenSince: number | undefined;
}

/** Alive before anything happened; eligible only once the Node is known. */
export function createHealthState(options: HealthStateOptions): HealthState {
  const { families } = options;
  let { maxWaitMs } = options;
  const waiting: readonly Waiting[] = families.map((family) => ({
    family,
    lastSynced: undefined,
    queuedSince: undefined,
    takenSince: undefined,
  }));
  let isNodeEligible = false;

  return {
    queued(changed, now) {
      for (const each of waiting) {
        if (changed.includes(each.family)) each.queuedSince ??= now;
      }
    },
    syncStarted() {
      for (const each of waiting) {
        each.takenSince ??= each.queuedSince;
        each.queuedSince = undefined;
      }
    },
    synced(family, now) {
      for (const each of waiting) {
        if (each.family !== family) continue;
        each.lastSynced = now;
        each.takenSince = undefined;
      }
    },
    setNode(node) {
      isNodeEligible = node !== undefined && !node.isLeaving;
    },
    setMaxWait(ms) {
      maxWaitMs = ms;
    },
    status(now) {
      const statuses = waiting.map((each) => familyStatus(each, now - maxWaitMs));
      return {
        now,
        isReady: statuses.every(({ lastSynced }) => lastSynced !== undefined),
        isAlive: statuses.every(({ isAlive }) => isAlive),
        isNodeEligible,
        families: statuses,
      };
    },
  };
}

function familyStatus(waiting: Waiting, mustBeSince: number): FamilyStatus {
  const { family, lastSynced, queuedSince, takenSince } = waiting;
  const oldest = takenSince ?? queuedSince ?? Infinity;
  return { family, lastSynced, isAlive: oldest >= mustBeSince };
}
