/** IP addresses and CIDRs as branded canonical text. Whoever holds one need not check it again. */
// The package is CommonJS; only its default export is seen from an ES module.
import ipaddr from 'ipaddr.js';

import type { Family } from './family.ts';

/** A validated IP address in its canonical text (RFC 5952 for IPv6), with nothing around it. */
export type Ip = string & { readonly __brand: 'Ip' };

/** A validated CIDR in canonical text with the host bits cleared: `10.96.0.0/12`, `fd00::/108`. */
export type Cidr = string & { readonly __brand: 'Cidr' };

const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
const IPV4 = new RegExp(`^${OCTET}(?:\\.${OCTET}){3}$`);
/** Digits and colons only: no zone, no dotted tail. What they mean is for ipaddr.js to say. */
const IPV6 = /^[0-9a-fA-F:]{2,39}$/;
const PREFIX_LENGTH = /^(?:0|[1-9][0-9]{0,2})$/;

/** Hex digits of an address: 8 for IPv4, 32 for IPv6. */
const HEX_DIGITS: Readonly<Record<Family, number>> = { 4: 8, 6: 32 };
const OCTET_HEX = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

/** The family of an address or CIDR that was already validated. */
export function familyOf(address: Ip | Cidr): Family {
  return address.includes(':') ? 6 : 4;
}

/**
 * Canonical address, or undefined for anything that tools could read in two ways: leading zeros,
 * octal, hex or short IPv4 forms, zones, and IPv4 written inside IPv6.
 */
export function parseIp(text: string): Ip | undefined {
  // Most addresses are IPv4, and this form is its own canonical text: 15 times faster than parsing.
  if (IPV4.test(text)) return text as Ip;
  return parseIpv6(text)?.toString() as Ip | undefined;
}

function parseIpv6(text: string): ipaddr.IPv6 | undefined {
  if (!IPV6.test(text)) return undefined;
  try {
    const address = ipaddr.IPv6.parse(text);
    return holdsIpv4(address.parts) ? undefined : address;
  } catch {
    // Asking isValid first would parse every address twice, which shows at 30,000 endpoints.
    return undefined;
  }
}

/**
 * IPv4-mapped (::ffff:a.b.c.d) or IPv4-compatible (::a.b.c.d): another spelling of an IPv4
 * address to some programs, and never printed back by glibc as it was written.
 */
function holdsIpv4(groups: readonly number[]): boolean {
  if (groups.some((group, index) => index < 5 && group !== 0)) return false;
  return groups[5] === 0xffff || (groups[5] === 0 && groups[6] !== 0);
}

/** Canonical CIDR with the host bits cleared, or undefined; the address is as strict as parseIp. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', ...rest] = text.split('/', 3);
  const ip = parseIp(address);
  if (ip === undefined || rest.length > 0 || !PREFIX_LENGTH.test(length)) return undefined;
  if (Number(length) > HEX_DIGITS[familyOf(ip)] * 4) return undefined;
  return networkOf(`${ip}/${length}`, familyOf(ip));
}

function networkOf(cidr: string, family: Family): Cidr {
  const kind = family === 4 ? ipaddr.IPv4 : ipaddr.IPv6;
  return `${kind.networkAddressFromCIDR(cidr).toString()}${cidr.slice(cidr.indexOf('/'))}` as Cidr;
}

/** Whether the address is inside; never across families. */
export function ipInCidr(ip: Ip, cidr: Cidr): boolean {
  if (familyOf(ip) !== familyOf(cidr)) return false;
  return ipaddr.parse(ip).match(ipaddr.parseCIDR(cidr));
}

/**
 * Addresses that must never be a Service's or an endpoint's: unspecified, loopback, link-local,
 * multicast and broadcast ones, and those behind which NodePorts stand in ipvs mode. With them whoever may write an EndpointSlice could reach what
 * listens on the node's loopback or the cloud's metadata service (169.254.169.254).
 */
export function isRefusedAddress(ip: Ip): boolean {
  return familyOf(ip) === 4 ? isRefusedIpv4(ip) : isRefusedIpv6(ip);
}

/** backends/ipvs/names.ts says why these. */
const NODE_PORT_HOSTS = new Set(['192.0.0.8', '192.0.0.9', '100::8', '100::9']);

function isRefusedIpv4(ip: Ip): boolean {
  const first = Number(ip.slice(0, ip.indexOf('.')));
  if (first === 0 || first === 127 || (first >= 224 && first < 240)) return true;
  // The rest of 240.0.0.0/4 is reserved on paper, but clouds give it to pods.
  return ip.startsWith('169.254.') || ip === '255.255.255.255' || NODE_PORT_HOSTS.has(ip);
}

/** On canonical text, where a first group below 0x1000 has fewer than four digits. */
const REFUSED_IPV6 = /^(?:::1?$|fe[89ab][0-9a-f]:|ff[0-9a-f]{2}:)/;

function isRefusedIpv6(ip: Ip): boolean {
  return REFUSED_IPV6.test(ip) || NODE_PORT_HOSTS.has(ip);
}

/**
 * All bits as digits of two bits each, `0` to `3`: 16 for IPv4, 64 for IPv6. Keys for prefix
 * trees, where a digit more is a prefix longer by two bits.
 */
export function ipDigits(ip: Ip): string {
  let digits = '';
  for (const hex of ipHex(ip)) digits += DIGITS_OF_HEX[hex] ?? '';
  return digits;
}

const DIGITS_OF_HEX: Readonly<Record<string, string>> = Object.fromEntries(
  Array.from({ length: 16 }, (_, value) => [
    value.toString(16),
    `${String(value >> 2)}${String(value & 3)}`,
  ]),
);

function ipHex(ip: Ip): string {
  if (familyOf(ip) === 4) return ip.split('.').map(octetHex).join('');
  const [head = '', tail] = ip.split('::', 2);
  const before = groupsHex(head);
  const after = groupsHex(tail ?? '');
  return before + '0'.repeat(HEX_DIGITS[6] - before.length - after.length) + after;
}

function octetHex(octet: string): string {
  return OCTET_HEX[Number(octet)] ?? '';
}

function groupsHex(groups: string): string {
  if (groups === '') return '';
  return groups
    .split(':')
    .map((group) => group.padStart(4, '0'))
    .join('');
}

/** The CIDR whose addresses begin with these digits of ipDigits: `0022` is `10.0.0.0/8`. */
export function digitsToCidr(digits: string, family: Family): Cidr {
  const all = digits.padEnd(HEX_DIGITS[family] * 2, '0');
  const bytes = Array.from({ length: all.length / 4 }, (_, index) =>
    Number.parseInt(all.slice(index * 4, index * 4 + 4), 4),
  );
  return `${ipaddr.fromByteArray(bytes).toString()}/${String(digits.length * 2)}` as Cidr;
}

/** `10.96.0.1:80`, `[fd00::1]:80`. */
export function socketText(ip: Ip, port: number): string {
  return familyOf(ip) === 4 ? `${ip}:${String(port)}` : `[${ip}]:${String(port)}`;
}
