import type { Slice } from '../model/types.ts';

/** More different texts than the nodes and zones of the largest cluster: someone plays with us. */
const MAX_TEXTS = 50_000;

/**
 * A function that returns a slice equal to its argument in which names of nodes and zones, and
 * empty lists, are the same values as in all slices before. JSON.parse makes new ones for each of
 * 100,000 endpoints, although there are but a few thousand different.
 */
export function sliceInterner(): (slice: Slice) => Slice {
  const texts = new Map<string, string>();

  function intern(text: string): string {
    const known = texts.get(text);
    if (known !== undefined) return known;
    if (texts.size >= MAX_TEXTS) texts.clear();
    texts.set(text, text);
    return text;
  }

  function internAll(list: readonly string[]): readonly string[] {
    return list.length === 0 ? NOTHING : list.map(intern);
  }

  return (slice) => ({
    ...slice,
    endpoints: slice.endpoints.map((endpoint) => ({
      ...endpoint,
      nodeName: endpoint.nodeName === undefined ? undefined : intern(endpoint.nodeName),
      zoneHints: internAll(endpoint.zoneHints),
      nodeHints: internAll(endpoint.nodeHints),
    })),
  });
}

const NOTHING: readonly string[] = [];
