/** Names as the API allows them, and the keys made of them. */
import type { Family } from '../net/family.ts';
import type { PortKey, Protocol, ServiceKey } from './types.ts';

const LABEL = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;

/** RFC 1123 label: names of namespaces, Services and ports. */
export function isDnsLabel(text: string): boolean {
  return text.length <= 63 && LABEL.test(text);
}

/** RFC 1123 subdomain: names of nodes and EndpointSlices. */
export function isDnsSubdomain(text: string): boolean {
  // Unlike a DNS name's, the labels of an object's name may be longer than 63.
  return text.length <= 253 && text.split('.').every((label) => LABEL.test(label));
}

/** Both names must have been validated. */
export function serviceKey(namespace: string, name: string): ServiceKey {
  return `${namespace}/${name}` as ServiceKey;
}

/** What all port keys of a Service begin with, and no other's do. */
export function portKeyPrefix(service: ServiceKey): PortKey {
  return `${service}:` as PortKey;
}

/** The key of one port in one family; the port's name was validated. */
export function portKey(
  service: ServiceKey,
  port: { readonly name: string; readonly protocol: Protocol },
  family: Family,
): PortKey {
  return `${portKeyPrefix(service)}${port.name}/${port.protocol}/${String(family)}` as PortKey;
}
