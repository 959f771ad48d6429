/** What the ports of Services and of EndpointSlices have in common. */
import { isDnsLabel } from './names.ts';
import { choice, integer, isAbsent, orRefuse, textThat } from './reader.ts';
import type { Place } from './reader.ts';
import type { Protocol } from './types.ts';

/** Empty when absent, as the API server fills it in; undefined when wrong. */
export function readPortName(place: Place): string | undefined {
  if (isAbsent(place) || place.value === '') return '';
  return orRefuse(place, 'a DNS label', textThat(isDnsLabel, place));
}

/** TCP when absent, as the API server fills it in; undefined when wrong. */
export function readProtocol(place: Place): Protocol | undefined {
  return isAbsent(place) ? 'TCP' : choice(place, ['TCP', 'UDP', 'SCTP']);
}

/** A port number that must be there. */
export function readPortNumber(place: Place): number | undefined {
  return orRefuse(place, 'a port number', integer(place, 1, 65535));
}
