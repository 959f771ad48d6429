/** Many EndpointSlices of one Service → the endpoints of each of its ports. */
import type { Family } from '../net/family.ts';
import type { Endpoint, Protocol, Slice, SliceEndpoint } from './types.ts';

/** An Endpoint and what its slice says of it, hints included. */
export interface MergedEndpoint {
  readonly endpoint: Endpoint;
  readonly source: SliceEndpoint;
}

/** The endpoints of every port name, protocol and family that the slices have. */
export interface MergedSlices {
  /** Distinct by IP and port, sorted by IP, then port. */
  endpointsOf(port: PortIdentity, family: Family): readonly MergedEndpoint[];
}

interface PortIdentity {
  readonly name: string;
  readonly protocol: Protocol;
}

/** The order of the slices does not matter. Port numbers may differ from slice to slice. */
export function mergeSlices(slices: Iterable<Slice>, nodeName: string): MergedSlices {
  const ports = new Map<string, MergedEndpoint[]>();
  for (const slice of inFixedOrder(slices)) {
    for (const port of slice.ports) {
      const key = portIdentity(port, slice.family);
      const merged = ports.get(key) ?? [];
      ports.set(key, merged);
      for (const source of slice.endpoints) {
        const endpoint = endpointOf(source, port.port, nodeName);
        merged.push({ endpoint: { ...endpoint, weight: slice.weight }, source });
      }
    }
  }
  return {
    endpointsOf: (port, family) => distinct(ports.get(portIdentity(port, family)) ?? []),
  };
}

function portIdentity(port: PortIdentity, family: Family): string {
  return `${port.name}/${port.protocol}/${String(family)}`;
}

function inFixedOrder(slices: Iterable<Slice>): readonly Slice[] {
  return [...slices].sort((a, b) => compareText(a.reference.name, b.reference.name));
}

function endpointOf(
  source: SliceEndpoint,
  port: number,
  nodeName: string,
): Omit<Endpoint, 'weight'> {
  const { ip, isReady, isServing, isTerminating } = source;
  const isLocal = source.nodeName === nodeName;
  return { ip, port, isLocal, isReady, isServing, isTerminating };
}

/**
 * While a pod moves from slice to slice, or its IP to another pod, two slices name the same target.
 * The entry that is more alive counts, as in kube-proxy; between equals the first slice's.
 */
function distinct(merged: readonly MergedEndpoint[]): readonly MergedEndpoint[] {
  const sorted = merged.toSorted(
    ({ endpoint: a }, { endpoint: b }) => compareTargets(a, b) || liveliness(b) - liveliness(a),
  );
  return sorted.filter(({ endpoint }, index) => {
    const previous = sorted[index - 1];
    return previous === undefined || compareTargets(previous.endpoint, endpoint) !== 0;
  });
}

function compareTargets(a: Endpoint, b: Endpoint): number {
  return compareText(a.ip, b.ip) || a.port - b.port;
}

function liveliness({ isTerminating, isReady, isServing }: Endpoint): number {
  return (isTerminating ? 0 : 4) + (isReady ? 2 : 0) + (isServing ? 1 : 0);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
