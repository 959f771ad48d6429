/**
 * Which thread holds which descriptor, in memory that all threads share. A thread that dies takes
 * its objects with it but not its descriptors, which belong to the process; so somebody else must be
 * able to close them. Their number also says how near the limit is.
 */
import { close } from './libc.ts';
import { resetOnClose } from './sockets.ts';

export interface Descriptors {
  /** For the other threads: pass it to `shareDescriptors`. */
  readonly memory: SharedArrayBuffer;
  /** How many are held in all. */
  open(): number;
  /** The number of a descriptor just opened, as given. */
  hold(fd: number): number;
  /** Close it and hold it no longer. */
  close(fd: number): void;
  /**
   * Close what that owner holds, the highest first, as the kernel does for a process that ends; its
   * connections with a reset: whoever is at their other end must not take what was cut off for an
   * end. Only when its thread has ended.
   */
  closeAllOf(owner: number): void;
}

/** Counter first, then a byte a descriptor: its owner, counted from 1. */
const COUNTER_BYTES = 4;

/** Memory for descriptors below `limit`. */
export function createDescriptorMemory(limit: number): SharedArrayBuffer {
  return new SharedArrayBuffer(COUNTER_BYTES + limit);
}

/** One thread's view; owners are numbered 0 to 254. */
export function shareDescriptors(memory: SharedArrayBuffer, owner: number): Descriptors {
  const counter = new Int32Array(memory, 0, 1);
  const owners = new Uint8Array(memory, COUNTER_BYTES);

  function release(fd: number): void {
    // First, because another thread may be given the same number as soon as it is closed.
    owners[fd] = 0;
    Atomics.sub(counter, 0, 1);
    close(fd);
  }

  return {
    memory,
    open: () => Atomics.load(counter, 0),
    hold(fd) {
      owners[fd] = owner + 1;
      Atomics.add(counter, 0, 1);
      return fd;
    },
    close: release,
    closeAllOf(dead) {
      for (let fd = owners.length - 1; fd >= 0; fd -= 1) {
        if (owners[fd] !== dead + 1) continue;
        resetOnClose(fd);
        release(fd);
      }
    },
  };
}
