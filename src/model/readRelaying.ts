/** What a Service's annotations say to the relay of userspace mode. */
import { BALANCINGS } from './balancings.ts';
import { choice, entry, field, isAbsent, orRefuse, textThat } from './reader.ts';
import type { Place } from './reader.ts';
import type { RelayWishes } from './types.ts';

const MOST_CONNECTIONS = 1_000_000;

export function readRelaying(root: Place): RelayWishes {
  const annotations = field(field(root, 'metadata'), 'annotations');
  const version = choice(entry(annotations, 'fairway.dev/proxy-protocol'), ['v2']);
  return {
    balancing: choice(entry(annotations, 'fairway.dev/balancing'), BALANCINGS),
    maxConnections: readLimit(entry(annotations, 'fairway.dev/max-connections')),
    proxyProtocol: version === 'v2',
  };
}

/** Annotations are text, numbers too. */
function readLimit(place: Place): number | undefined {
  if (isAbsent(place)) return undefined;
  const digits = textThat((text) => /^[1-9]\d{0,6}$/.test(text), place);
  const limit = digits === undefined ? undefined : Number(digits);
  const isInRange = limit !== undefined && limit <= MOST_CONNECTIONS;
  const expected = `a whole number from 1 to ${String(MOST_CONNECTIONS)}`;
  return orRefuse(place, expected, isInRange ? limit : undefined);
}
