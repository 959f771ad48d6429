/** Who may use a Service's load balancer addresses. */
import { parseCidr } from '../net/address.ts';
import type { Cidr } from '../net/address.ts';
import { entry, field, isAbsent, orRefuse, readItems, text } from './reader.ts';
import type { Place } from './reader.ts';

const MAX_RANGES = 1000;
const LEGACY_ANNOTATION = 'service.beta.kubernetes.io/load-balancer-source-ranges';

/**
 * undefined when the Service names no range at all. Once it names one, a range that cannot be read
 * admits nobody: a typing error must not open what was meant to be closed.
 */
export function readSourceRanges(service: Place): readonly Cidr[] | undefined {
  const ranges = field(field(service, 'spec'), 'loadBalancerSourceRanges');
  const isEmpty = isAbsent(ranges) || (Array.isArray(ranges.value) && ranges.value.length === 0);
  return isEmpty ? fromAnnotation(service) : readItems(ranges, MAX_RANGES, readCidr);
}

/** What the field was before Kubernetes 1.3; cloud controllers still honour it without the field. */
function fromAnnotation(service: Place): readonly Cidr[] | undefined {
  const place = entry(field(field(service, 'metadata'), 'annotations'), LEGACY_ANNOTATION);
  if (isAbsent(place)) return undefined;
  const list = text(place)?.trim();
  if (list === '') return undefined;
  const ranges = list?.split(',', MAX_RANGES).map((value) => ({ ...place, value })) ?? [];
  return ranges.flatMap((range) => readCidr(range) ?? []);
}

/** Spaces around a range are legal in the API. */
function readCidr(place: Place): Cidr | undefined {
  return orRefuse(place, 'a CIDR', parseCidr(text(place)?.trim() ?? ''));
}
