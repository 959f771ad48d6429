/** Ending stale UDP flows on the node, with what it takes to say which are stale. */
import type { Mode } from '../backends/backend.ts';
import { deleteUdpFlows } from '../kernel/conntrack.ts';
import { KernelError } from '../kernel/errors.ts';
import { ownAddresses } from '../kernel/interfaces.ts';
import type { Family } from '../net/family.ts';
import type { Log } from '../observe/log.ts';
import { ipFamily } from '../observe/metrics.ts';
import type { Metrics } from '../observe/metrics.ts';
import { anyFlowTest, staleFlowTest, translatedFlowTest } from './staleFlows.ts';
import type { StaleTest } from './staleFlows.ts';
import type { SyncParts } from './sync.ts';

export interface FlowEnderOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly families: readonly Family[];
  readonly mode: Mode;
}

/** A function that ends the flows which a step made stale; without conntrack it says so once. */
export function flowEnder(options: FlowEnderOptions): SyncParts['endStaleFlows'] {
  let isMissing = false;
  return async (before, after, all) => {
    // The relay moves its flows itself; only another mode's, from before our start, may be stale.
    if (options.mode === 'userspace' && before !== undefined && !all) return 0;
    const own = new Set(ownAddresses());
    function testOf(mode: Mode): StaleTest | undefined {
      // Not the relay's own, ever: its next answer would begin the flow anew, the other way round.
      if (mode === 'userspace') return translatedFlowTest(after, own);
      if (all) return anyFlowTest(after, own);
      return staleFlowTest(before, after, own);
    }
    const isStale = testOf(options.mode);
    if (isStale === undefined || isMissing) return 0;
    try {
      return await endFlows(options, isStale);
    } catch (error) {
      if (!(error instanceof KernelError) || error.kind !== 'missing-program') throw error;
      isMissing = true;
      options.log.error('stale UDP flows stay', { error: error.message });
      return 0;
    }
  };
}

async function endFlows(
  { metrics, families }: FlowEnderOptions,
  isStale: StaleTest,
): Promise<number> {
  let deleted = 0;
  for (const family of families) {
    const labels = ipFamily(family);
    const observed = metrics.kubeProxy.conntrackDuration.startTimer(labels);
    const some = await deleteUdpFlows([family], isStale);
    observed();
    metrics.kubeProxy.conntrackDeleted.inc(labels, some);
    deleted += some;
  }
  return deleted;
}
