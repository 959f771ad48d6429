/** The beginning of a connection: before it has an endpoint, and when it gets one. */
import type { Connection } from './connection.ts';
import type { Moving } from './moving.ts';
import { CLIENT_EVENTS, undelay } from './moving.ts';
import { proxyHeader } from './proxyHeader.ts';
import { EPOLLIN, EPOLLOUT, EPOLLRDHUP, MSG_NOSIGNAL } from '../native/constants.ts';
import type { Watcher } from '../native/epoll.ts';
import { send } from '../native/libc.ts';
import type { Loop } from '../native/loop.ts';
import { allocate } from '../native/memory.ts';
import { dialledName } from '../native/sockets.ts';

export interface OpeningContext {
  readonly loop: Loop;
  readonly clock: () => number;
  readonly moving: Moving;
  readonly clientWatcher: (connection: Connection) => Watcher;
}

/** The endpoint's socket is connected, and has these EPOLL bits. */
export type Open = (connection: Connection, events: number) => void;

const HEADER_ROOM = 64;

export function createOpen({ loop, clock, moving, clientWatcher }: OpeningContext): Open {
  const header = allocate(HEADER_ROOM);

  function adopt(connection: Connection): void {
    const { state, client, toEndpoint, toClient, endpoint, endpointFd } = connection;
    connection.phase = 'open';
    connection.timer?.stop();
    connection.timer = undefined;
    connection.isUndelayed = false;
    toEndpoint.to = endpointFd;
    toEndpoint.isBlocked = false;
    toClient.from = endpointFd;
    state.tally.connected(clock() - connection.dialledAt);
    if (endpoint !== undefined) state.picker.connected(endpoint, client.ip, loop.now());
  }

  /** A new socket has room for it. Should it be broken already, the next to send will see that. */
  function sendHeader(connection: Connection): void {
    const bytes = proxyHeader(connection.client, dialledName(connection.fd));
    header.bytes.set(bytes);
    undelay(connection, connection.toEndpoint);
    send(connection.endpointFd, header.address, bytes.length, MSG_NOSIGNAL);
  }

  function watchClient(connection: Connection): void {
    connection.isWatched = true;
    connection.isWatchedForRoom = connection.toClient.isBlocked;
    const room = connection.isWatchedForRoom ? EPOLLOUT : 0;
    loop.watch(connection.fd, CLIENT_EVENTS | room, clientWatcher(connection));
  }

  return (connection, events) => {
    const { state, toEndpoint, toClient, isWatched } = connection;
    adopt(connection);
    if (state.service.proxyProtocol) sendHeader(connection);
    // Watching tells what is to be read beyond; once watched, that was told already.
    if (toEndpoint.held !== undefined && !isWatched) moving.sendHeld(connection, toEndpoint);
    else moving.step(connection, toEndpoint);
    // One that speaks first may have said all, and its end with it: that is not told again.
    if ((events & EPOLLRDHUP) !== 0) toClient.isEnding = true;
    if ((events & EPOLLIN) !== 0) moving.step(connection, toClient);
    if (!isWatched && connection.phase !== 'closed') watchClient(connection);
  };
}
