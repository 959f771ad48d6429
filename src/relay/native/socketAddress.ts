/** `struct sockaddr_in` and `sockaddr_in6`, and the texts of what they hold. */
import { AF_INET, AF_INET6 } from './constants.ts';
import type { Memory } from './memory.ts';
import type { Family } from '../../net/family.ts';

export interface SocketAddress {
  readonly family: Family;
  /** 4 or 16 bytes. */
  readonly ip: Uint8Array;
  readonly port: number;
}

/** Room for one address of either family. */
export const SOCKET_ADDRESS_BYTES = 28;

const LENGTHS: Readonly<Record<Family, number>> = { 4: 16, 6: 28 };
const PORT_AT = 2;
const IPV4_AT = 4;
const IPV6_AT = 8;

/** Returns how many bytes it took, as calls want to know. */
export function writeSocketAddress(to: Memory, at: number, address: SocketAddress): number {
  const length = LENGTHS[address.family];
  to.bytes.fill(0, at, at + length);
  // The family is in the machine's order, which is little-endian wherever Node runs on Linux today.
  to.view.setUint16(at, address.family === 4 ? AF_INET : AF_INET6, true);
  to.view.setUint16(at + PORT_AT, address.port);
  to.bytes.set(address.ip, at + (address.family === 4 ? IPV4_AT : IPV6_AT));
  return length;
}

/** The address that a call has written there; its bytes are copied. */
export function readSocketAddress(from: Memory, at: number): SocketAddress {
  const family = familyAt(from, at);
  const start = at + (family === 4 ? IPV4_AT : IPV6_AT);
  // No subarray on the way: typed arrays are dear, and this is done for every connection.
  const ip = from.bytes.slice(start, start + (family === 4 ? 4 : 16));
  return { family, ip, port: portAt(from, at) };
}

export function familyAt(from: Memory, at: number): Family {
  return from.view.getUint16(at, true) === AF_INET6 ? 6 : 4;
}

export function portAt(from: Memory, at: number): number {
  return from.view.getUint16(at + PORT_AT);
}

/** The address's bytes where they stand: the next call may overwrite them. */
export function ipAt(from: Memory, at: number, family = familyAt(from, at)): Uint8Array {
  return family === 4
    ? from.bytes.subarray(at + IPV4_AT, at + IPV4_AT + 4)
    : from.bytes.subarray(at + IPV6_AT, at + IPV6_AT + 16);
}

/** Canonical text, as `net/address.ts` has it. */
export function ipText(ip: Uint8Array): string {
  return ip.length === 4 ? ip.join('.') : ipv6Text(ip);
}

/** RFC 5952: the first longest run of two zero groups or more becomes `::`. */
function ipv6Text(ip: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((ip[index * 2] ?? 0) << 8) | (ip[index * 2 + 1] ?? 0)).toString(16),
  );
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(':');
  return `${groups.slice(0, start).join(':')}::${groups.slice(start + length).join(':')}`;
}

function longestZeros(groups: readonly string[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === '0' ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}

/** The bytes of a canonical address. */
export function ipBytes(text: string): Uint8Array {
  if (!text.includes(':')) return Uint8Array.from(text.split('.'), Number);
  const [head = '', tail] = text.split('::', 2);
  const before = groupsOf(head);
  const after = groupsOf(tail ?? '');
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  const groups = [...before, ...zeros, ...after];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

function groupsOf(text: string): readonly number[] {
  return text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
}

/** `10.244.1.2:8080` or `[fd00::2]:8080`. */
export function parseSocketAddress(text: string): SocketAddress {
  const colon = text.lastIndexOf(':');
  const ip = ipBytes(text.slice(0, colon).replace(/^\[|\]$/g, ''));
  return { family: ip.length === 4 ? 4 : 6, ip, port: Number(text.slice(colon + 1)) };
}

export function printSocketAddress({ ip, port }: SocketAddress): string {
  return ip.length === 4 ? `${ipText(ip)}:${port}` : `[${ipText(ip)}]:${port}`;
}
