/** What happens at a destination to a client from outside: decided once, for all modes. */
import type { UsableEndpoints } from './trafficPolicy.ts';
import type { TrafficPolicy, Verdict } from './types.ts';

/** See Verdict for what the words mean. */
export function verdictOf(policy: TrafficPolicy, usable: UsableEndpoints): Verdict {
  const { clusterEndpoints, localEndpoints } = usable;
  if (clusterEndpoints.length === 0 && localEndpoints.length === 0) return 'reject';
  return policy === 'Local' && localEndpoints.length === 0 ? 'drop' : 'forward';
}
