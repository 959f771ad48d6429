/** Who waits for which descriptor. */
import { EINTR, EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD, O_CLOEXEC } from './constants.ts';
import { close, epollControl, epollCreate, epollWait, errno } from './libc.ts';
import { allocate } from './memory.ts';
import { check, systemError } from './systemError.ts';

/** Whoever waits for a descriptor. */
export interface Watcher {
  /** With the EPOLL bits that came. */
  ready(events: number, fd: number): void;
  /** `ready` threw: end what this watcher stands for, and nothing else. */
  fail(error: unknown): void;
}

export interface Epoll {
  readonly fd: number;
  /** Watch for EPOLL bits. Throws a SystemError, such as ENOSPC. */
  watch(fd: number, events: number, watcher: Watcher): void;
  /** Watch the same descriptor for other bits. */
  change(fd: number, events: number): void;
  /** Stop watching; the descriptor stays open. */
  unwatch(fd: number): void;
  /**
   * To be called just before a watched descriptor is closed, whose end takes it out of epoll: events
   * of it that were already fetched are not delivered, not even to its number's next owner.
   */
  forget(fd: number): void;
  /** Fetch what came, waiting for it at most that long, -1 for ever: how many events there are. */
  wait(timeoutMs: number): number;
  /** Hand event `index` of those fetched to its watcher. */
  dispatch(index: number): void;
  /** Close the epoll descriptor itself; watched ones stay open. */
  close(): void;
}

const BATCH = 256;
/** struct epoll_event is packed on x86-64 only. */
const EVENT_BYTES = process.arch === 'x64' ? 12 : 16;
const DATA_AT = EVENT_BYTES - 8;

/** Throws a SystemError. */
export function createEpoll(): Epoll {
  const epoll = check(epollCreate(O_CLOEXEC), 'epoll_create1', '');
  const events = allocate(BATCH * EVENT_BYTES);
  const change = allocate(EVENT_BYTES);
  /** By descriptor. */
  const watchers: (Watcher | undefined)[] = [];
  /** Numbers are used again within a batch: an event counts only for the generation it was made for. */
  const generations: number[] = [];

  function control(operation: number, fd: number, bits: number): void {
    change.view.setUint32(0, bits >>> 0, true);
    change.view.setUint32(DATA_AT, fd, true);
    change.view.setUint32(DATA_AT + 4, generations[fd] ?? 0, true);
    if (epollControl(epoll, operation, fd, change.address) === -1) {
      throw systemError('epoll_ctl', `of descriptor ${fd}`);
    }
  }

  function forget(fd: number): void {
    watchers[fd] = undefined;
    generations[fd] = ((generations[fd] ?? 0) + 1) >>> 0;
  }

  return {
    fd: epoll,
    watch(fd, bits, watcher) {
      control(EPOLL_CTL_ADD, fd, bits);
      watchers[fd] = watcher;
    },
    change: (fd, bits) => control(EPOLL_CTL_MOD, fd, bits),
    unwatch(fd) {
      forget(fd);
      control(EPOLL_CTL_DEL, fd, 0);
    },
    forget,
    wait(timeoutMs) {
      const count = epollWait(epoll, events.address, BATCH, timeoutMs);
      if (count !== -1) return count;
      if (errno() !== EINTR) throw systemError('epoll_wait', '');
      return 0;
    },
    dispatch(index) {
      const at = index * EVENT_BYTES;
      const fd = events.view.getUint32(at + DATA_AT, true);
      const watcher = watchers[fd];
      if (watcher === undefined) return;
      if (events.view.getUint32(at + DATA_AT + 4, true) !== (generations[fd] ?? 0)) return;
      try {
        watcher.ready(events.view.getUint32(at, true), fd);
      } catch (error) {
        watcher.fail(error);
      }
    },
    close() {
      close(epoll);
    },
  };
}
