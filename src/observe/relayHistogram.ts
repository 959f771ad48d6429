/** A histogram whose counts others keep; prom-client's own takes each value singly. */
import { Histogram } from 'prom-client';

export interface BucketCounts {
  readonly service: string;
  /** How many were at most `buckets[i]`, each counted once; one more for everything above. */
  readonly counts: readonly number[];
}

export interface RelayHistogram {
  /** To be registered. */
  readonly metric: Histogram<'service'>;
  /** Show exactly these from now on. */
  show(all: readonly BucketCounts[]): void;
}

interface HistogramOptions {
  readonly name: string;
  readonly help: string;
  readonly buckets: readonly number[];
}

export function relayHistogram(options: HistogramOptions): RelayHistogram {
  let shown: readonly BucketCounts[] = [];
  const { name, help, buckets } = options;
  const labelNames = ['service'] as const;
  const own = { name, help, buckets: [...buckets], labelNames, registers: [] };
  const empty = new Histogram(own);
  const get = async () => ({
    ...(await empty.get()),
    values: shown.flatMap((each) => samplesOf(options, each)),
  });
  return {
    // The registry asks for the second where there is one.
    metric: Object.assign(new Histogram(own), { get, getForPromString: get }),
    show(all) {
      shown = all;
    },
  };
}

interface Sample {
  readonly metricName: string;
  readonly labels: { readonly service: string; readonly le?: string };
  readonly value: number;
}

function samplesOf(
  { name, buckets }: HistogramOptions,
  { service, counts }: BucketCounts,
): Sample[] {
  let total = 0;
  const samples = [...buckets.map(String), '+Inf'].map((le, index): Sample => {
    total += counts[index] ?? 0;
    return { metricName: `${name}_bucket`, labels: { service, le }, value: total };
  });
  const labels = { service };
  samples.push({ metricName: `${name}_sum`, labels, value: estimatedSum(buckets, counts) });
  return [...samples, { metricName: `${name}_count`, labels, value: total }];
}

/** The middle of each bucket: nobody keeps the sum, and tools expect one. */
function estimatedSum(buckets: readonly number[], counts: readonly number[]): number {
  return counts.reduce((sum, count, index) => {
    const low = buckets[index - 1] ?? 0;
    return sum + (count * (low + (buckets[index] ?? low))) / 2;
  }, 0);
}
