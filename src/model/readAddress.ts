/** Addresses of Services and of endpoints. */
import { isRefusedAddress, parseIp } from '../net/address.ts';
import type { Ip } from '../net/address.ts';
import { orRefuse, refuse, text } from './reader.ts';
import type { Place } from './reader.ts';

/** An address that traffic may be sent to; it must be there. */
export function readAddress(place: Place): Ip | undefined {
  const ip = orRefuse(place, 'an IP address', parseIp(text(place) ?? ''));
  if (ip === undefined || !isRefusedAddress(ip)) return ip;
  refuse(place, 'an address that is not loopback, link-local, multicast or unspecified');
  return undefined;
}
