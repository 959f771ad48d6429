/** How a Service's connections are relayed in userspace mode. */
import type { Policy, Problem, Relaying, Service } from './types.ts';

export interface RelayingDecision {
  /** undefined in every other mode, where the annotations say nothing. */
  readonly relaying: Relaying | undefined;
  readonly problems: readonly Problem[];
}

export function decideRelaying(service: Service, { userspace }: Policy): RelayingDecision {
  if (userspace === undefined) return { relaying: undefined, problems: [] };
  const { balancing = userspace.balancing, maxConnections, proxyProtocol } = service.relaying;
  const hasSctp = service.ports.some(({ protocol }) => protocol === 'SCTP');
  return {
    relaying: { balancing, maxConnections, proxyProtocol },
    problems: hasSctp ? [sctpProblem(service)] : [],
  };
}

/** One for all ports: there is nothing else to do about each. */
function sctpProblem({ reference, ports }: Service): Problem {
  const names = ports.filter(({ protocol }) => protocol === 'SCTP').map(({ port }) => port);
  return {
    object: reference,
    field: 'spec.ports.protocol',
    message: `expected TCP or UDP, found SCTP (port ${names.join(', ')}), which userspace mode cannot relay: it is refused`,
  };
}
