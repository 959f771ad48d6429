/**
 * Telling a client that nobody serves what it dialled, as a closed port does: ICMP "port
 * unreachable", which spares it the wait for an answer.
 */
import type { Flow } from './flow.ts';
import {
  AF_INET,
  AF_INET6,
  IPV6_TRANSPARENT,
  IP_TRANSPARENT,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_IP,
  SOL_IPV6,
} from '../native/constants.ts';
import { close, connect, send, socket } from '../native/libc.ts';
import { allocate } from '../native/memory.ts';
import type { Memory } from '../native/memory.ts';
import { SOCKET_ADDRESS_BYTES, portAt, writeSocketAddress } from '../native/socketAddress.ts';
import type { SocketAddress } from '../native/socketAddress.ts';
import { bindSocket, setInt } from '../native/sockets.ts';
import { check } from '../native/systemError.ts';

const SOCK_RAW = 3;
const IPPROTO_ICMP = 1;
const IPPROTO_UDP = 17;
const IPPROTO_ICMPV6 = 58;
/** Type, code, checksum, four bytes unused. */
const ICMP_BYTES = 8;
const UDP_BYTES = 8;
const IPV4_BYTES = 20;
const IPV6_BYTES = 40;
/** As many as the kernel itself would send in a second. */
const MOST_A_SECOND = 1000;

/** Throws a SystemError. Beyond what the kernel would send itself, nothing is told. */
export function createRefusals(now: () => number): (flow: Flow) => void {
  const message = allocate(ICMP_BYTES + IPV6_BYTES + UDP_BYTES);
  const name = allocate(SOCKET_ADDRESS_BYTES);
  let second = -Infinity;
  let sent = 0;

  function isTooMany(): boolean {
    if (now() - second >= 1000) {
      second = now();
      sent = 0;
    }
    sent += 1;
    return sent > MOST_A_SECOND;
  }

  return (flow) => {
    if (isTooMany()) return;
    const { dialled, clientIp } = flow;
    name.bytes.set(flow.client);
    const client = { family: dialled.address.family, ip: clientIp, port: portAt(name, 0) };
    const length = writeRefusal(message, client, dialled.address);
    sendRaw(message, length, { from: dialled.address, to: client, name });
  };
}

/** What the client is told quotes the beginning of what it sent. Returns its length. */
export function writeRefusal(to: Memory, client: SocketAddress, dialled: SocketAddress): number {
  to.bytes.fill(0);
  const { view } = to;
  const isIpv4 = client.family === 4;
  const udpAt =
    ICMP_BYTES + (isIpv4 ? writeIpv4(to, client, dialled) : writeIpv6(to, client, dialled));
  view.setUint16(udpAt, client.port);
  view.setUint16(udpAt + 2, dialled.port);
  view.setUint16(udpAt + 4, UDP_BYTES);
  const length = udpAt + UDP_BYTES;
  // ICMPv6's checksum is the kernel's business.
  to.bytes.set(isIpv4 ? [3, 3] : [1, 4]);
  if (isIpv4) view.setUint16(2, checksum(to, 0, length));
  return length;
}

function writeIpv4({ bytes, view }: Memory, from: SocketAddress, to: SocketAddress): number {
  const at = ICMP_BYTES;
  view.setUint8(at, 0x45);
  view.setUint16(at + 2, IPV4_BYTES + UDP_BYTES);
  view.setUint8(at + 8, 64);
  view.setUint8(at + 9, IPPROTO_UDP);
  bytes.set(from.ip, at + 12);
  bytes.set(to.ip, at + 16);
  view.setUint16(at + 10, checksum({ view }, at, at + IPV4_BYTES));
  return IPV4_BYTES;
}

function writeIpv6({ bytes, view }: Memory, from: SocketAddress, to: SocketAddress): number {
  const at = ICMP_BYTES;
  view.setUint8(at, 0x60);
  view.setUint16(at + 4, UDP_BYTES);
  view.setUint8(at + 6, IPPROTO_UDP);
  view.setUint8(at + 7, 64);
  bytes.set(from.ip, at + 8);
  bytes.set(to.ip, at + 24);
  return IPV6_BYTES;
}

/** RFC 1071, over an even number of bytes. */
function checksum({ view }: Pick<Memory, 'view'>, from: number, to: number): number {
  let sum = 0;
  for (let at = from; at < to; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

interface Way {
  readonly from: SocketAddress;
  readonly to: SocketAddress;
  /** Where the address is written to. */
  readonly name: Memory;
}

function sendRaw(message: Memory, length: number, { from, to, name }: Way): void {
  const isIpv4 = from.family === 4;
  const type = SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = isIpv4 ? socket(AF_INET, type, IPPROTO_ICMP) : socket(AF_INET6, type, IPPROTO_ICMPV6);
  check(fd, 'socket', 'SOCK_RAW');
  try {
    if (isIpv4) setInt(fd, SOL_IP, IP_TRANSPARENT, 1);
    else setInt(fd, SOL_IPV6, IPV6_TRANSPARENT, 1);
    bindSocket(fd, { ...from, port: 0 });
    const written = writeSocketAddress(name, 0, { ...to, port: 0 });
    check(connect(fd, name.address, written), 'connect', 'to a client');
    // Lost like any other, should it not go out.
    send(fd, message.address, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  } finally {
    close(fd);
  }
}
