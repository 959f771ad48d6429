/** Which scheduler a Service gets in ipvs mode. */
import { SCHEDULER_ANNOTATION } from './schedulers.ts';
import type { Scheduler } from './schedulers.ts';
import type { Policy, Problem, Service } from './types.ts';

export interface SchedulerDecision {
  /** undefined for the agent's default. */
  readonly scheduler: Scheduler | undefined;
  readonly problems: readonly Problem[];
}

/** The annotation's where this kernel has it; in other modes it says nothing. */
export function decideScheduler(service: Service, { ipvs }: Policy): SchedulerDecision {
  const { scheduler } = service;
  if (ipvs === undefined || scheduler === undefined) return { scheduler: undefined, problems: [] };
  if (ipvs.available?.includes(scheduler) ?? true) return { scheduler, problems: [] };
  const message = `expected a scheduler of this node's kernel, found ${scheduler}, for which it has no module ip_vs_${scheduler}; using ${ipvs.scheduler}`;
  const field = `metadata.annotations[${SCHEDULER_ANNOTATION}]`;
  return { scheduler: undefined, problems: [{ object: service.reference, field, message }] };
}
