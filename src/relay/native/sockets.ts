/** Sockets and the like, opened and set up: what is not done a thousand times a second. */
import {
  AF_INET,
  AF_INET6,
  F_DUPFD_CLOEXEC,
  O_CLOEXEC,
  O_NONBLOCK,
  RLIMIT_NOFILE,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
  SO_LINGER,
  SO_ORIGINAL_DST,
} from './constants.ts';
import {
  bind,
  close,
  control,
  eventfd,
  getLimits,
  getOption,
  getSocketName,
  setOption,
  socket,
} from './libc.ts';
import { allocate } from './memory.ts';
import {
  SOCKET_ADDRESS_BYTES,
  printSocketAddress,
  readSocketAddress,
  writeSocketAddress,
} from './socketAddress.ts';
import type { SocketAddress } from './socketAddress.ts';
import { check } from './systemError.ts';
import type { Family } from '../../net/family.ts';

/** Scratch space: only one call at a time runs in a thread. */
const name = allocate(SOCKET_ADDRESS_BYTES);
const value = allocate(16);
const length = allocate(4);

/** A socket that neither blocks nor outlives an exec, or -1. */
export function openSocket(family: Family, type: number): number {
  return socket(family === 4 ? AF_INET : AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

/** The same file under a descriptor that is higher than that one. Throws a SystemError. */
export function moveAbove(floor: number, fd: number): number {
  if (fd > floor) return fd;
  try {
    return check(control(fd, F_DUPFD_CLOEXEC, floor + 1), 'fcntl', `above descriptor ${floor}`);
  } finally {
    close(fd);
  }
}

/** Throws a SystemError. */
export function bindSocket(fd: number, address: SocketAddress): void {
  const written = writeSocketAddress(name, 0, address);
  check(bind(fd, name.address, written), 'bind', printSocketAddress(address));
}

/** Set an option that is an int. Throws a SystemError. */
export function setInt(fd: number, level: number, option: number, number: number): void {
  value.view.setInt32(0, number, true);
  const result = setOption(fd, level, option, value.address, 4);
  check(result, 'setsockopt', `level ${level}, option ${option}`);
}

/** Throws a SystemError. */
export function getInt(fd: number, level: number, option: number): number {
  length.view.setUint32(0, 4, true);
  const result = getOption(fd, level, option, value.address, length.address);
  check(result, 'getsockopt', `level ${level}, option ${option}`);
  return value.view.getInt32(0, true);
}

/** The address that the socket stands for on this side. Throws a SystemError. */
export function socketName(fd: number): SocketAddress {
  length.view.setUint32(0, SOCKET_ADDRESS_BYTES, true);
  check(getSocketName(fd, name.address, length.address), 'getsockname', `of descriptor ${fd}`);
  return readSocketAddress(name, 0);
}

/**
 * What the client dialled, where translation led it here: conntrack remembers. Without translation
 * the same as `socketName`. Throws a SystemError.
 */
export function dialledName(fd: number): SocketAddress {
  const own = socketName(fd);
  length.view.setUint32(0, SOCKET_ADDRESS_BYTES, true);
  const level = own.family === 4 ? SOL_IP : SOL_IPV6;
  const result = getOption(fd, level, SO_ORIGINAL_DST, name.address, length.address);
  return result === 0 ? readSocketAddress(name, 0) : own;
}

/** How another thread wakes one that is blocked in epoll_wait: write eight bytes, say 1. */
export function openEventfd(): number {
  return check(eventfd(0, O_NONBLOCK | O_CLOEXEC), 'eventfd', '');
}

/** The process's soft limit on open files. */
export function openFilesLimit(): number {
  check(getLimits(0, RLIMIT_NOFILE, 0, value.address), 'prlimit64', 'RLIMIT_NOFILE');
  return Number(value.view.getBigUint64(0, true));
}

/** SO_LINGER: on, for 0 seconds. */
const RESET = allocate(8);
RESET.view.setInt32(0, 1, true);

/** Closing it will send a reset, whatever was not sent yet. */
export function resetOnClose(fd: number): void {
  setOption(fd, SOL_SOCKET, SO_LINGER, RESET.address, 8);
}
