import { Counter } from 'prom-client';
import type { Registry } from 'prom-client';

/** A count that the kernel keeps and that we only pass on. */
export interface KernelCounter {
  /** The total as last read. Until the first call the metric has no value, which is not zero. */
  set(total: number): void;
}

export function kernelCounter(
  registry: Registry,
  { name, help }: { readonly name: string; readonly help: string },
): KernelCounter {
  const counter = new Counter({ name, help, registers: [registry] });
  counter.remove();
  return {
    set(total) {
      counter.reset();
      counter.inc(total);
    },
  };
}
