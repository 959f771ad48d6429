/** What load balancers are told about a Service with policy Local. */
import type { Family } from '../net/family.ts';
import type { MergedSlices } from './mergeSlices.ts';
import type { Service, ServiceHealth } from './types.ts';

/** undefined for a Service without a health check node port. */
export function healthOf(service: Service, merged: MergedSlices): ServiceHealth | undefined {
  const port = service.healthCheckNodePort;
  if (port === undefined) return undefined;
  return {
    service: service.key,
    reference: service.reference,
    port,
    localEndpoints: {
      4: countLocalEndpoints(service, merged, 4),
      6: countLocalEndpoints(service, merged, 6),
    },
  };
}

/**
 * Distinct IPs over all ports, ready ones only: terminating endpoints still get the traffic that
 * comes, but must not attract more.
 */
function countLocalEndpoints(service: Service, merged: MergedSlices, family: Family): number {
  const endpoints = service.ports.flatMap((port) => merged.endpointsOf(port, family));
  const counted = endpoints.filter(({ endpoint }) => endpoint.isLocal && endpoint.isReady);
  return new Set(counted.map(({ endpoint }) => endpoint.ip)).size;
}
