/** Which scheduler a Service gets in ipvs mode. */
import { SCHEDULER_ANNOTATION } from './schedulers.ts';
import type { Scheduler } from './schedulers.ts';
import type { Policy, Problem, Service } from './types.ts';

export interface SchedulerDecision {
  /** undefined for the agent's default. */
  readonly scheduler: Scheduler | undefined;
  readonly problems: readonly Problem[];
}

/**
 * The annotation's where this kernel has it; in other modes it says nothing. Without one, a
 * client of a Service with affinity gets the same endpoint at all its ports and addresses: the
 * kernel remembers clients for each virtual server, but `sh` begins with the same endpoint in all
 * that have the same ones.
 */
export function decideScheduler(service: Service, { ipvs }: Policy): SchedulerDecision {
  const { scheduler } = service;
  if (ipvs === undefined) return { scheduler: undefined, problems: [] };
  if (scheduler === undefined) {
    const canHash = ipvs.available?.includes('sh') ?? true;
    return { scheduler: canHash && hasSharedClients(service) ? 'sh' : undefined, problems: [] };
  }
  if (ipvs.available?.includes(scheduler) ?? true) return { scheduler, problems: [] };
  const message = `expected a scheduler of this node's kernel, found ${scheduler}, for which it has no module ip_vs_${scheduler}; using ${ipvs.scheduler}`;
  const field = `metadata.annotations[${SCHEDULER_ANNOTATION}]`;
  return { scheduler: undefined, problems: [{ object: service.reference, field, message }] };
}

/** Affinity, and more than one virtual server for a client to be remembered at. */
function hasSharedClients(service: Service): boolean {
  const { affinitySeconds, ports, externalIPs, loadBalancerIPs } = service;
  if (affinitySeconds === undefined) return false;
  if (ports.length > 1 || externalIPs.length + loadBalancerIPs.length > 0) return true;
  return ports.some(({ nodePort }) => nodePort !== undefined);
}
