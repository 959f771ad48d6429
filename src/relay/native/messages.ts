/** Many datagrams in one call: the headers that recvmmsg and sendmmsg want, made once. */
import { SOL_IP, SOL_IPV6 } from './constants.ts';
import { receiveMessages, sendMessages } from './libc.ts';
import { allocate } from './memory.ts';
import type { Memory } from './memory.ts';
import { SOCKET_ADDRESS_BYTES } from './socketAddress.ts';

export interface Messages {
  /** The other side's address of message i, SOCKET_ADDRESS_BYTES apart. */
  readonly names: Memory;
  /** Control messages of message i, CONTROL_BYTES apart. */
  readonly controls: Memory;
  /** Where the payload of message i is to go, or comes from. Whoever calls holds that memory. */
  setPayload(i: number, address: number, length: number): void;
  /** How many bytes of its name a message to be sent has; 0 on a connected socket. */
  setName(i: number, length: number): void;
  /** What recvmmsg or sendmmsg says of message i. */
  length(i: number): number;
  /** MSG_TRUNC: the payload was longer than its room. */
  flags(i: number): number;
  /** How many messages came, or -1. Names and controls have their full room again each time. */
  receive(fd: number, flags: number): number;
  /** Send messages `first` to `first + count - 1`: how many went, or -1. */
  send(fd: number, first: number, count: number, flags: number): number;
}

const CONTROL_BYTES = 64;

/** struct mmsghdr on 64-bit machines: struct msghdr (56), the length, padding. */
const HEADER_BYTES = 64;
const NAME_LENGTH_AT = 8;
const VECTOR_AT = 16;
const VECTOR_COUNT_AT = 24;
const CONTROL_AT = 32;
const CONTROL_LENGTH_AT = 40;
const FLAGS_AT = 48;
const LENGTH_AT = 56;
/** struct iovec. */
const VECTOR_BYTES = 16;

/** Room for that many messages at a time. */
export function createMessages(count: number): Messages {
  const headers = allocate(count * HEADER_BYTES);
  const vectors = allocate(count * VECTOR_BYTES);
  const names = allocate(count * SOCKET_ADDRESS_BYTES);
  const controls = allocate(count * CONTROL_BYTES);
  const { view } = headers;

  for (let i = 0; i < count; i += 1) {
    const at = i * HEADER_BYTES;
    view.setBigUint64(at, BigInt(names.address + i * SOCKET_ADDRESS_BYTES), true);
    view.setBigUint64(at + VECTOR_AT, BigInt(vectors.address + i * VECTOR_BYTES), true);
    view.setUint32(at + VECTOR_COUNT_AT, 1, true);
    view.setBigUint64(at + CONTROL_AT, BigInt(controls.address + i * CONTROL_BYTES), true);
  }

  /** How many headers the kernel has written to since they had their full room. */
  let used = count;

  function restoreRoom(): void {
    for (let i = 0; i < used; i += 1) {
      view.setUint32(i * HEADER_BYTES + NAME_LENGTH_AT, SOCKET_ADDRESS_BYTES, true);
      view.setUint32(i * HEADER_BYTES + CONTROL_LENGTH_AT, CONTROL_BYTES, true);
    }
  }

  return {
    names,
    controls,
    setPayload(i, address, length) {
      // Addresses of user space have 47 bits: two writes are faster than a BigInt.
      vectors.view.setUint32(i * VECTOR_BYTES, address % 2 ** 32, true);
      vectors.view.setUint32(i * VECTOR_BYTES + 4, Math.floor(address / 2 ** 32), true);
      vectors.view.setUint32(i * VECTOR_BYTES + 8, length, true);
    },
    setName(i, length) {
      view.setUint32(i * HEADER_BYTES + NAME_LENGTH_AT, length, true);
      view.setUint32(i * HEADER_BYTES + CONTROL_LENGTH_AT, 0, true);
      used = count;
    },
    length: (i) => view.getUint32(i * HEADER_BYTES + LENGTH_AT, true),
    flags: (i) => view.getUint32(i * HEADER_BYTES + FLAGS_AT, true),
    receive(fd, flags) {
      restoreRoom();
      const received = receiveMessages(fd, headers.address, count, flags, 0);
      used = Math.max(0, received);
      return received;
    },
    send: (fd, first, most, flags) =>
      sendMessages(fd, headers.address + first * HEADER_BYTES, most, flags),
  };
}

/** struct cmsghdr: the length, the level, the type. */
const CONTROL_HEADER_BYTES = 16;
/** IP_ORIGDSTADDR and IPV6_ORIGDSTADDR, which have the numbers of the options that ask for them. */
const ORIGINAL_DESTINATION: Readonly<Record<number, number>> = { [SOL_IP]: 20, [SOL_IPV6]: 74 };

/**
 * Where in `controls` the address stands that the sender of received message i dialled; undefined
 * when the socket was not asked to tell (IP_RECVORIGDSTADDR, IPV6_RECVORIGDSTADDR).
 */
export function originalDestinationAt({ controls }: Messages, i: number): number | undefined {
  const end = (i + 1) * CONTROL_BYTES;
  let at = i * CONTROL_BYTES;
  while (at + CONTROL_HEADER_BYTES < end) {
    const length = controls.view.getUint32(at, true);
    if (length < CONTROL_HEADER_BYTES) return undefined;
    const level = controls.view.getInt32(at + 8, true);
    const type = controls.view.getInt32(at + 12, true);
    if (ORIGINAL_DESTINATION[level] === type) return at + CONTROL_HEADER_BYTES;
    at += Math.ceil(length / 8) * 8;
  }
  return undefined;
}
