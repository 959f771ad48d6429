/**
 * The two metrics that every component of Kubernetes has at /metrics/slis, with their names, types
 * and labels (KEP 3466), on a registry of their own.
 */
import { Counter, Gauge, Registry } from 'prom-client';

export interface SliMetrics {
  readonly registry: Registry;
  /** A check was made, as a part of this path. */
  observe(name: string, path: 'healthz' | 'livez' | 'readyz', isGood: boolean): void;
  /** Forget all. */
  reset(): void;
}

export function sliMetrics(): SliMetrics {
  const registry = new Registry();
  const present = new Gauge({
    name: 'kubernetes_healthcheck',
    help: 'The last result of a check: 1 for good',
    labelNames: ['name', 'type'],
    registers: [registry],
  });
  const total = new Counter({
    name: 'kubernetes_healthchecks_total',
    help: 'Results of checks so far',
    labelNames: ['name', 'type', 'status'],
    registers: [registry],
  });
  return {
    registry,
    observe(name, type, isGood) {
      present.set({ name, type }, isGood ? 1 : 0);
      total.inc({ name, type, status: isGood ? 'success' : 'error' });
    },
    reset() {
      present.reset();
      total.reset();
    },
  };
}
