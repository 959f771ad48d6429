/** Which Services and EndpointSlices are this proxy's business. */
import { entry, field, items } from './reader.ts';
import type { Place } from './reader.ts';

const PROXY_NAME_LABEL = 'service.kubernetes.io/service-proxy-name';
const HEADLESS_LABEL = 'service.kubernetes.io/headless';

/**
 * Neither another proxy's, nor ExternalName, nor headless, nor without an address yet. Without a
 * `proxyName` those with the label are another proxy's, whatever it says.
 */
export function isHandledService(service: Place, proxyName?: string): boolean {
  const isOurs = labelOf(service, PROXY_NAME_LABEL) === proxyName;
  return isOurs && !isExternalName(service) && hasClusterIP(service);
}

/** Slices of headless Services are for DNS only; FQDN endpoints have no address to forward to. */
export function isHandledSlice(slice: Place): boolean {
  return (
    labelOf(slice, HEADLESS_LABEL) === undefined && field(slice, 'addressType').value !== 'FQDN'
  );
}

/** undefined only where there is no such label: its value may be empty. */
function labelOf(object: Place, name: string): unknown {
  return entry(field(field(object, 'metadata'), 'labels'), name).value;
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
