/** Metrics that /metrics has at some times and not at others. */
import type { Metric, Registry } from 'prom-client';

export interface MetricGroup {
  /** Whether the registry has them from now on. What they have counted they keep. */
  show(isShown: boolean): void;
}

/** Made of metrics that are registered nowhere yet; none of them is shown at first. */
export function metricGroup(registry: Registry, metrics: readonly Metric[]): MetricGroup {
  let isNow = false;
  return {
    show(isShown) {
      if (isShown === isNow) return;
      isNow = isShown;
      for (const metric of metrics) {
        if (isShown) registry.registerMetric(metric);
        else registry.removeSingleMetric(nameOf(metric));
      }
    },
  };
}

/** prom-client's types do not say that every metric has its name. */
function nameOf(metric: Metric): string {
  if ('name' in metric && typeof metric.name === 'string') return metric.name;
  throw new TypeError('expected a metric with a name');
}
