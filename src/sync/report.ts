/** What a sync did, as log lines, metrics and health. */
import { KernelError } from '../kernel/errors.ts';
import type { Problem, ServiceKey } from '../model/types.ts';
import type { Family } from '../net/family.ts';
import type { Log } from '../observe/log.ts';
import { ipFamily } from '../observe/metrics.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Operation } from '../plan/operation.ts';
import type { HealthState } from '../serve/healthState.ts';
import type { Changes } from '../watch/pendingChanges.ts';
import type { SyncFailure, SyncReport, SyncResult } from './sync.ts';

export interface ReportOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly health: HealthState;
  readonly families: readonly Family[];
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** Told of problems that were not there at the sync before. */
  readonly problemsFound: (problems: readonly Problem[]) => void;
  /** After a successful sync. */
  readonly applied: (result: SyncResult) => void;
}

export interface Report extends SyncReport {
  /** Changes that the running sync covers. */
  taken(changes: Changes): void;
}

export function syncReport(options: ReportOptions): Report {
  const { log, metrics, health, families } = options;
  const triggers = new Map<ServiceKey, number>();
  let contested: SyncResult['rendering']['snapshot']['problems'] | undefined;

  function isUpToDate(): void {
    const now = options.wallClock();
    for (const family of families) {
      health.synced(family, now);
      metrics.kubeProxy.lastSynced.set(ipFamily(family), now / 1000);
    }
    metrics.fairway.ready.set(1);
    metrics.fairway.refusedObjects.set(0);
  }

  return {
    taken(changes) {
      health.syncStarted();
      for (const [service, time] of changes.triggerTimes) {
        if (!triggers.has(service)) triggers.set(service, time);
      }
      options.problemsFound(changes.problems);
    },
    unchanged: isUpToDate,
    synced(result) {
      isUpToDate();
      observe(metrics, families, result);
      observeProgramming(metrics, families, triggers, options.wallClock());
      logSync(log, result);
      const { problems } = result.rendering.snapshot;
      if (problems !== contested) {
        options.problemsFound(newProblems(contested, problems));
        contested = problems;
      }
      options.applied(result);
    },
    failed(error, failure) {
      const kind = error instanceof KernelError ? error.kind : 'internal';
      metrics.fairway.syncFailures.inc({ kind });
      metrics.fairway.refusedObjects.set(failure.refused.length);
      countRestoreFailure(metrics, failure);
      log.error('sync failed', {
        kind,
        error: error instanceof Error ? error.message : String(error),
        operation: failure.operation?.purpose,
        refused: failure.refused.length === 0 ? undefined : failure.refused.slice(0, 20).join('; '),
      });
    },
  };
}

function newProblems(
  before: SyncResult['rendering']['snapshot']['problems'] | undefined,
  after: SyncResult['rendering']['snapshot']['problems'],
): readonly Problem[] {
  const fresh = [...after.entries()].filter(([key, problems]) => before?.get(key) !== problems);
  return fresh.flatMap(([, problems]) => problems);
}

function observe(metrics: Metrics, families: readonly Family[], result: SyncResult): void {
  const seconds = result.milliseconds / 1000;
  const { kubeProxy, fairway } = metrics;
  const byKind = result.isFull ? kubeProxy.fullSyncDuration : kubeProxy.partialSyncDuration;
  for (const family of families) {
    kubeProxy.syncDuration.observe(ipFamily(family), seconds);
    byKind.observe(ipFamily(family), seconds);
    for (const table of ['nat', 'filter']) {
      kubeProxy.rulesWritten.set({ table, ...ipFamily(family) }, 0);
    }
  }
  for (const operation of result.operations) countRulesWritten(metrics, operation);
  fairway.syncOperations.inc(result.operations.length);
  fairway.driftRepaired.inc(result.repairs.length);
}

/** The family whose rules an operation writes. */
function familyOfRestore(operation: Operation | undefined): Family | undefined {
  if (operation?.kind !== 'run' || !operation.program.includes('tables')) return undefined;
  return operation.program.startsWith('ip6') ? 6 : 4;
}

function countRulesWritten(metrics: Metrics, operation: Operation): void {
  const family = familyOfRestore(operation);
  if (family === undefined || operation.kind !== 'run') return;
  for (const part of operation.stdin?.split(/^\*/m) ?? []) {
    const table = /^\w+/.exec(part)?.[0];
    if (table === undefined) continue;
    const rules = part.match(/^-[AI] /gm)?.length ?? 0;
    metrics.kubeProxy.rulesWritten.set({ table, ...ipFamily(family) }, rules);
  }
}

function countRestoreFailure(metrics: Metrics, failure: SyncFailure): void {
  const family = familyOfRestore(failure.operation);
  if (family === undefined) return;
  metrics.kubeProxy.restoreFailures.inc(ipFamily(family));
  if (!failure.isFull) metrics.kubeProxy.partialRestoreFailures.inc(ipFamily(family));
}

function observeProgramming(
  metrics: Metrics,
  families: readonly Family[],
  triggers: Map<ServiceKey, number>,
  now: number,
): void {
  for (const time of triggers.values()) {
    for (const family of families) {
      metrics.kubeProxy.networkProgramming.observe(ipFamily(family), (now - time) / 1000);
    }
  }
  triggers.clear();
}

function logSync(log: Log, result: SyncResult): void {
  const { snapshot } = result.rendering;
  if (result.repairs.length > 0) {
    log.warn('repaired what others had changed', { operations: result.repairs.length });
  }
  log.info('synced', {
    services: snapshot.services.size,
    servicePorts: snapshot.ports.size,
    operations: result.operations.length,
    staleUdpFlows: result.flowsDeleted,
    full: result.isFull,
    ms: Math.round(result.milliseconds),
  });
}
