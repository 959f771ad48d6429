/** Taking clients from the listeners, as long as there are descriptors for them. */
import type { Admit } from './admission.ts';
import {
  EAGAIN,
  ECONNABORTED,
  EINTR,
  EMFILE,
  ENFILE,
  ENOBUFS,
  ENOMEM,
  EPOLLIN,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
} from '../native/constants.ts';
import type { Descriptors } from '../native/descriptors.ts';
import { accept, errno } from '../native/libc.ts';
import type { Loop } from '../native/loop.ts';
import { allocate } from '../native/memory.ts';
import { SOCKET_ADDRESS_BYTES } from '../native/socketAddress.ts';
import { systemError } from '../native/systemError.ts';
import type { Listener, Side } from '../openListeners.ts';

export interface AcceptorContext {
  readonly loop: Loop;
  readonly descriptors: Descriptors;
  readonly listeners: readonly Listener[];
  readonly admit: Admit;
  /** Most descriptors that may be open. */
  readonly fileLimit: number;
  /** Clients wait because descriptors are short. */
  readonly paused: () => void;
  /** Something that should not have happened kept a client out. */
  readonly faulted: (error: unknown) => void;
}

export interface Acceptor {
  /** Let clients wait for a while: descriptors are short. */
  pause(): void;
}

/** Others want their turn. */
const AT_A_TIME = 32;
/** A client, its endpoint, and one for whatever else. */
const FILES_A_CLIENT = 3;
const PAUSE_MS = 10;

export function createAcceptor(context: AcceptorContext): Acceptor {
  const { loop, descriptors, listeners, admit, fileLimit } = context;
  const name = allocate(SOCKET_ADDRESS_BYTES);
  const length = allocate(4);
  let isPaused = false;

  function acceptSome(listener: Listener): void {
    for (let count = 0; count < AT_A_TIME && !isPaused; count += 1) {
      if (isShort()) return pause();
      length.view.setUint32(0, SOCKET_ADDRESS_BYTES, true);
      const flags = SOCK_NONBLOCK | SOCK_CLOEXEC;
      const fd = accept(listener.fd, name.address, length.address, flags);
      if (fd !== -1) receive(descriptors.hold(fd), listener.side);
      else {
        const end = endOf(errno());
        if (end === 'short') pause();
        if (end !== undefined) return;
      }
    }
  }

  /** A fault ends this client's connection and no other. */
  function receive(fd: number, side: Side): void {
    try {
      admit(fd, name, side);
    } catch (error) {
      context.faulted(error);
      descriptors.close(fd);
    }
  }

  function isShort(): boolean {
    return descriptors.open() + FILES_A_CLIENT > fileLimit;
  }

  function pause(): void {
    if (isPaused) return;
    isPaused = true;
    context.paused();
    for (const { fd } of listeners) loop.change(fd, 0);
    loop.after(PAUSE_MS, resume);
  }

  function resume(): void {
    isPaused = isShort();
    if (isPaused) loop.after(PAUSE_MS, resume);
    else for (const { fd } of listeners) loop.change(fd, EPOLLIN);
  }

  for (const listener of listeners) {
    loop.watch(listener.fd, EPOLLIN, {
      ready: () => acceptSome(listener),
      // A listener that fails is the worker's end: it begins anew.
      fail(error) {
        throw error;
      },
    });
  }
  return { pause };
}

/** Why no client can be taken now; undefined when the next in the queue can. */
function endOf(number: number): 'empty' | 'short' | undefined {
  if (number === EAGAIN) return 'empty';
  if (number === ECONNABORTED || number === EINTR) return undefined;
  if (SHORTAGES.has(number)) return 'short';
  throw systemError('accept4', 'of a listener', number);
}

const SHORTAGES = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM]);
