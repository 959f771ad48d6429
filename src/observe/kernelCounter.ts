import { Counter } from 'prom-client';

/** A count that others keep, such as the kernel, and that we only pass on. */
export interface KernelCounter {
  readonly metric: Counter;
  /** The total as last read; undefined for unknown, which has no value and is not zero. */
  set(total: number | undefined): void;
}

/** Registered nowhere. Until the first `set` it has no value. */
export function kernelCounter(options: {
  readonly name: string;
  readonly help: string;
}): KernelCounter {
  const metric = new Counter({ ...options, registers: [] });
  metric.remove();
  return {
    metric,
    set(total) {
      metric.reset();
      if (total === undefined) metric.remove();
      else metric.inc(total);
    },
  };
}
