/**
 * The C library's calls that Node has no door to, over descriptors and addresses. Each returns what
 * C returns: -1 for a failure, and then `errno()` says which, until the thread's next call.
 *
 * Addresses are plain numbers (of a Memory), because that is what koffi passes on fastest: about
 * 0.15 us a call above the call's own cost.
 */
import koffi from 'koffi';

type Call<Arguments extends readonly number[]> = (...args: Arguments) => number;
type Fd = number;
type Address = number;

/** The process itself: Node is linked to the C library, whichever that is. */
const library = koffi.load(null);

/** The failure of this thread's last call that returned -1: a value of ERRNO. */
export const errno: () => number = koffi.errno;

export const epollCreate: Call<[flags: number]> = library.func('int epoll_create1(int)');
export const epollControl: Call<[epoll: Fd, operation: number, fd: Fd, event: Address]> =
  library.func('int epoll_ctl(int, int, int, uintptr_t)');
export const epollWait: Call<[epoll: Fd, events: Address, most: number, timeoutMs: number]> =
  library.func('int epoll_wait(int, uintptr_t, int, int)');
export const eventfd: Call<[initial: number, flags: number]> = library.func(
  'int eventfd(unsigned int, int)',
);

export const socket: Call<[family: number, type: number, protocol: number]> = library.func(
  'int socket(int, int, int)',
);
export const bind: Call<[fd: Fd, address: Address, length: number]> = library.func(
  'int bind(int, uintptr_t, uint32_t)',
);
export const listen: Call<[fd: Fd, backlog: number]> = library.func('int listen(int, int)');
export const accept: Call<[fd: Fd, address: Address, length: Address, flags: number]> =
  library.func('int accept4(int, uintptr_t, uintptr_t, int)');
export const connect: Call<[fd: Fd, address: Address, length: number]> = library.func(
  'int connect(int, uintptr_t, uint32_t)',
);
export const getSocketName: Call<[fd: Fd, address: Address, length: Address]> = library.func(
  'int getsockname(int, uintptr_t, uintptr_t)',
);
export const getOption: Call<
  [fd: Fd, level: number, name: number, value: Address, length: Address]
> = library.func('int getsockopt(int, int, int, uintptr_t, uintptr_t)');
export const setOption: Call<
  [fd: Fd, level: number, name: number, value: Address, length: number]
> = library.func('int setsockopt(int, int, int, uintptr_t, uint32_t)');
export const shutdown: Call<[fd: Fd, how: number]> = library.func('int shutdown(int, int)');
export const close: Call<[fd: Fd]> = library.func('int close(int)');

export const read: Call<[fd: Fd, to: Address, most: number]> = library.func(
  'long read(int, uintptr_t, size_t)',
);
export const write: Call<[fd: Fd, from: Address, length: number]> = library.func(
  'long write(int, uintptr_t, size_t)',
);
export const receive: Call<[fd: Fd, to: Address, most: number, flags: number]> = library.func(
  'long recv(int, uintptr_t, size_t, int)',
);
export const send: Call<[fd: Fd, from: Address, length: number, flags: number]> = library.func(
  'long send(int, uintptr_t, size_t, int)',
);
/** The time-out, an address, may be 0: none. */
export const receiveMessages: Call<
  [fd: Fd, headers: Address, most: number, flags: number, timeout: Address]
> = library.func('int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)');
export const sendMessages: Call<[fd: Fd, headers: Address, count: number, flags: number]> =
  library.func('int sendmmsg(int, uintptr_t, unsigned int, int)');

export const pipe: Call<[ends: Address, flags: number]> = library.func('int pipe2(uintptr_t, int)');
/** splice(2) without offsets, which sockets and pipes do not have. */
const spliceAt: Call<
  [from: Fd, fromOffset: number, to: Fd, toOffset: number, most: number, flags: number]
> = library.func('long splice(int, uintptr_t, int, uintptr_t, size_t, unsigned int)');
export const control: Call<[fd: Fd, command: number, argument: number]> = library.func(
  'int fcntl(int, int, long)',
);
export const getLimits: Call<[pid: number, resource: number, next: Address, now: Address]> =
  library.func('int prlimit64(int, int, uintptr_t, uintptr_t)');

/** By its number, for what the C library has no name for. */
export const systemCall: Call<[number: number, command: number, argument: Address, size: number]> =
  library.func('int syscall(long, int, uintptr_t, unsigned int)');

/** splice(2) between two descriptors that have no offset: sockets and pipes. */
export function splice(from: Fd, to: Fd, most: number, flags: number): number {
  return spliceAt(from, 0, to, 0, most, flags);
}
