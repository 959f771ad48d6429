/** Which endpoints may get traffic, under policy Cluster and under policy Local. */
import type { MergedEndpoint } from './mergeSlices.ts';
import { nearest } from './topology.ts';
import type { Endpoint, NodeInfo } from './types.ts';

/** The sets of a ServicePort; the order of the endpoints is kept. */
export interface UsableEndpoints {
  readonly clusterEndpoints: readonly Endpoint[];
  readonly localEndpoints: readonly Endpoint[];
  readonly servingEndpoints: readonly Endpoint[];
}

/**
 * Ready endpoints, or where none is ready those still serving while they terminate. That is
 * decided for each set by itself, so a node whose only pod is on its way out goes on using it for
 * policy Local while others are ready elsewhere. Hints narrow only the ready ones of Cluster.
 */
export function usableEndpoints(
  endpoints: readonly MergedEndpoint[],
  node: NodeInfo,
): UsableEndpoints {
  const local = endpoints.filter(({ endpoint }) => endpoint.isLocal);
  return {
    clusterEndpoints: bare(readyOrDraining(endpoints, (ready) => nearest(ready, node))),
    localEndpoints: bare(readyOrDraining(local, (ready) => ready)),
    servingEndpoints: bare(endpoints.filter(isServing)),
  };
}

function readyOrDraining(
  endpoints: readonly MergedEndpoint[],
  narrow: (ready: readonly MergedEndpoint[]) => readonly MergedEndpoint[],
): readonly MergedEndpoint[] {
  const ready = endpoints.filter(({ endpoint }) => endpoint.isReady);
  if (ready.length > 0) return narrow(ready);
  return endpoints.filter(({ endpoint }) => endpoint.isServing && endpoint.isTerminating);
}

/** A Service that publishes not-ready addresses has endpoints that are ready, yet not serving. */
function isServing({ endpoint }: MergedEndpoint): boolean {
  return endpoint.isReady || endpoint.isServing;
}

function bare(endpoints: readonly MergedEndpoint[]): readonly Endpoint[] {
  return endpoints.map(({ endpoint }) => endpoint);
}
