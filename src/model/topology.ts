/** Topology hints: keeping traffic on this node, or in its zone, where the control plane says so. */
import type { MergedEndpoint } from './mergeSlices.ts';
import type { NodeInfo } from './types.ts';

/**
 * The ready endpoints hinted for this node, else those hinted for its zone, else all of them.
 * Either kind counts only if every endpoint has such a hint and at least one names us: with
 * half of the hints, or none for us, filtering would overload a few endpoints or reach none.
 */
export function nearest(
  ready: readonly MergedEndpoint[],
  node: NodeInfo,
): readonly MergedEndpoint[] {
  return (
    hintedFor(ready, node.name, ({ source }) => source.nodeHints) ??
    hintedFor(ready, node.zone, ({ source }) => source.zoneHints) ??
    ready
  );
}

function hintedFor(
  ready: readonly MergedEndpoint[],
  place: string | undefined,
  hintsOf: (endpoint: MergedEndpoint) => readonly string[],
): readonly MergedEndpoint[] | undefined {
  if (place === undefined || ready.some((endpoint) => hintsOf(endpoint).length === 0)) {
    return undefined;
  }
  const near = ready.filter((endpoint) => hintsOf(endpoint).includes(place));
  return near.length > 0 ? near : undefined;
}
