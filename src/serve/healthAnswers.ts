/** The bodies of /healthz, /livez (kube-proxy's, key by key) and /readyz (ours). */
import type { Answer } from './answer.ts';
import { jsonAnswer } from './answer.ts';
import type { FamilyStatus, HealthStatus } from './healthState.ts';

/** Should load balancers send traffic to this node? */
export function healthzAnswer(status: HealthStatus): Answer {
  const isHealthy = status.isAlive && status.isNodeEligible;
  const { lastUpdated, currentTime, ...rest } = proxyBody(status, isHealthy);
  const body = { lastUpdated, currentTime, nodeEligible: status.isNodeEligible, ...rest };
  return jsonAnswer(isHealthy, body);
}

/** Should this agent be restarted? The state of the node does not matter here. */
export function livezAnswer(status: HealthStatus): Answer {
  return jsonAnswer(status.isAlive, proxyBody(status, status.isAlive));
}

/** Do the rules of every family stand? */
export function readyzAnswer({ isReady, families }: HealthStatus): Answer {
  const status = byFamily(families, ({ lastSynced }) => ({ synced: lastSynced !== undefined }));
  return jsonAnswer(isReady, { ready: isReady, status });
}

function proxyBody({ now, families }: HealthStatus, isHealthy: boolean) {
  // As kube-proxy says it: readers take the distance of the two times for the time without a
  // sync, and a quiet healthy cluster needs none for hours.
  const lastUpdated = isHealthy ? now : oldestSync(families);
  return {
    lastUpdated: isoTime(lastUpdated),
    currentTime: isoTime(now),
    healthy: isHealthy,
    status: byFamily(families, ({ lastSynced, isAlive }) => ({
      lastUpdated: isoTime(isAlive ? now : lastSynced),
      healthy: isAlive,
    })),
  };
}

/** undefined when some family was never synced. */
function oldestSync(families: readonly FamilyStatus[]): number | undefined {
  const times = families.map(({ lastSynced }) => lastSynced ?? -Infinity);
  const oldest = Math.min(...times);
  return Number.isFinite(oldest) ? oldest : undefined;
}

function isoTime(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}

function byFamily<T>(
  families: readonly FamilyStatus[],
  describe: (status: FamilyStatus) => T,
): Record<string, T> {
  return Object.fromEntries(
    families.map((status) => [`IPv${String(status.family)}`, describe(status)]),
  );
}
