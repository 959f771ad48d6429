/** Choosing among endpoints: rules that DNAT to one of them, with and without affinity. */
import type { Endpoint, Protocol, ServicePort } from '../../model/types.ts';
import { socketText } from '../../net/address.ts';
import { endpointChain } from './names.ts';

/** `10.244.1.5:8080`, `[fd00::5]:8080`. */
export function targetText(endpoint: Endpoint): string {
  return socketText(endpoint.ip, endpoint.port);
}

/**
 * The match that gives the first of `remaining` choices an even chance, or nothing for the last.
 * The kernel keeps probabilities in units of 2⁻³¹ and iptables-save prints 11 decimals of that;
 * printing them here the same way keeps what we write equal to what we read back.
 */
export function chanceMatch(remaining: number): string {
  if (remaining <= 1) return '';
  const steps = 2 ** 31;
  const probability = Math.round(steps / remaining) / steps;
  return `-m statistic --mode random --probability ${probability.toFixed(11)} `;
}

/** One rule per endpoint, each taken with an even chance. `match` comes first, as in a save. */
export function balanceRules(
  endpoints: readonly Endpoint[],
  match: string,
  protocol: Protocol,
): readonly string[] {
  const head = match === '' ? `-p ${protocol.toLowerCase()} ` : match;
  return endpoints.map(
    (endpoint, index) =>
      `${head}${chanceMatch(endpoints.length - index)}-j DNAT --to-destination ${targetText(endpoint)}`,
  );
}

/**
 * Rules with ClientIP affinity: whoever is in an endpoint's set goes there again, others are
 * balanced. The sets are ipsets and not `-m recent` lists, since those forget all but the last
 * 100 clients of an endpoint (the module's parameter, fixed once it is loaded).
 */
export function affinityRules(
  port: ServicePort,
  endpoints: readonly Endpoint[],
): readonly string[] {
  const chains = endpoints.map((endpoint) => endpointChain(port, targetText(endpoint)));
  return [
    ...chains.map((chain) => `-m set --match-set ${chain} src -j ${chain}`),
    ...chains.map((chain, index) => `${chanceMatch(chains.length - index)}-j ${chain}`),
  ];
}

/** The chain of one endpoint of a Service with affinity: remember the client, then DNAT. */
export function affinityEndpointRules(
  port: ServicePort,
  endpoint: Endpoint,
  seconds: number,
): readonly string[] {
  const set = endpointChain(port, targetText(endpoint));
  return [
    // A new flow starts the time anew, also with a time-out that was changed since.
    `-j SET --add-set ${set} src --exist --timeout ${String(seconds)}`,
    `-p ${port.protocol.toLowerCase()} -j DNAT --to-destination ${targetText(endpoint)}`,
  ];
}
