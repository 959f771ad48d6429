/** A connection's life: dial, move bytes both ways, pass on ends and resets. */
import type { Connection } from './connection.ts';
import { createDialler } from './dial.ts';
import type { DialContext } from './dial.ts';
import { createEnding } from './ending.ts';
import type { EndingContext } from './ending.ts';
import type { Flow } from './flow.ts';
import { createMoving } from './moving.ts';
import type { Moving } from './moving.ts';
import { createOpen } from './opening.ts';
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from '../native/constants.ts';
import type { Watcher } from '../native/epoll.ts';

export interface RelayingContext extends EndingContext, Omit<DialContext, 'ending' | 'watcherOf'> {
  /** Something that should not have happened ended this one connection. */
  readonly faulted: (connection: Connection, error: unknown) => void;
}

export interface Relaying {
  /** Take a client over: its descriptor is held, its Service has counted it. Throws nothing. */
  start(connection: Connection): void;
  /** End it with a reset to both sides. Again is fine. */
  abort(connection: Connection): void;
}

type Handler = (connection: Connection, events: number) => void;

/** What makes reading worth a try. */
const READABLE = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLHUP | EPOLLERR;

export function createRelaying(context: RelayingContext): Relaying {
  const { loop, mover, faulted, clock } = context;
  const ending = createEnding(context);
  const dialler = createDialler({ ...context, ending, watcherOf: (c) => watcherOf(c, onEndpoint) });
  const moving = createMoving({ loop, mover, ending, dialler, fail });
  const open = createOpen({ loop, clock, moving, clientWatcher: (c) => watcherOf(c, onClient) });

  function watcherOf(connection: Connection, handle: Handler): Watcher {
    return {
      ready(events) {
        connection.activeAt = loop.now();
        handle(connection, events);
      },
      fail: (error) => fail(connection, error),
    };
  }

  function fail(connection: Connection, error: unknown): void {
    faulted(connection, error);
    ending.abort(connection);
  }

  function onEndpoint(connection: Connection, events: number): void {
    if (connection.phase === 'dialling') {
      if (dialler.isConnected(connection, events)) open(connection, events);
      return;
    }
    const { attempts } = connection;
    pass(connection, moving, events, true);
    // Unless the connection went on with another endpoint, whose descriptor may be the same.
    if ((events & EPOLLERR) !== 0 && connection.attempts === attempts) ending.abort(connection);
  }

  function onClient(connection: Connection, events: number): void {
    pass(connection, moving, events, false);
    if ((events & EPOLLERR) !== 0) ending.abort(connection);
  }

  return {
    start(connection) {
      try {
        mover.prefetch(connection.toEndpoint);
        dialler.dial(connection);
      } catch (error) {
        fail(connection, error);
      }
    },
    abort: ending.abort,
  };
}

/** A socket, the endpoint's or the client's, can be read, or written to again, or both. */
function pass(connection: Connection, { step }: Moving, events: number, isEndpoint: boolean): void {
  const { toClient, toEndpoint } = connection;
  const [out, back] = isEndpoint ? [toClient, toEndpoint] : [toEndpoint, toClient];
  announce(out, events);
  if ((events & READABLE) !== 0 && !out.isBlocked) step(connection, out);
  if ((events & EPOLLOUT) !== 0 && back.isBlocked) {
    back.isBlocked = false;
    step(connection, back);
  }
}

/** For when it is read: now, or once the other side has room again. */
function announce(flow: Flow, events: number): void {
  if ((events & EPOLLRDHUP) !== 0) flow.isEnding = true;
  if ((events & (EPOLLPRI | EPOLLERR)) !== 0) flow.readsOn = true;
}
