/** Which Services and EndpointSlices are this proxy's business. */
import { entry, field, items } from './reader.ts';
import type { Place } from './reader.ts';

const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name';
const HEADLESS_LABEL = 'service.kubernetes.io/headless';

/** Neither another proxy's, nor ExternalName, nor headless, nor without an address yet. */
export function isHandledService(service: Place): boolean {
  return !hasLabel(service, PROXY_NAME_LABEL) && !isExternalName(service) && hasClusterIP(service);
}

/** Slices of headless Services are for DNS only; FQDN endpoints have no address to forward to. */
export function isHandledSlice(slice: Place): boolean {
  return !hasLabel(slice, HEADLESS_LABEL) && field(slice, 'addressType').value !== 'FQDN';
}

/** With any value, also an empty one. */
function hasLabel(object: Place, name: string): boolean {
  return entry(field(field(object, 'metadata'), 'labels'), name).value !== undefined;
}

function isExternalName(service: Place): boolean {
  return field(field(service, 'spec'), 'type').value === 'ExternalName';
}

function hasClusterIP(service: Place): boolean {
  const first = clusterIPPlaces(service).at(0)?.value ?? '';
  return first !== '' && first !== 'None';
}

/** `spec.clusterIPs`, or `spec.clusterIP` of objects from before dual stack. */
export function clusterIPPlaces(service: Place): readonly Place[] {
  const spec = field(service, 'spec');
  const all = items(field(spec, 'clusterIPs'), 2);
  return all.length > 0 ? all : [field(spec, 'clusterIP')];
}
