/** Connecting to an endpoint, and to another when that fails; never waits in place. */
import type { Connection } from './connection.ts';
import type { Ending } from './ending.ts';
import type { EndpointAddresses } from './endpointAddresses.ts';
import type { EndpointAddress } from '../../plan/relayTable.ts';
import {
  ECONNREFUSED,
  ECONNRESET,
  EINPROGRESS,
  EMFILE,
  ENFILE,
  EPOLLERR,
  EPOLLET,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  ETIMEDOUT,
  SOCK_STREAM,
  SOL_SOCKET,
  SOL_TCP,
  SO_ERROR,
  TCP_QUICKACK,
} from '../native/constants.ts';
import type { Descriptors } from '../native/descriptors.ts';
import type { Watcher } from '../native/epoll.ts';
import { connect, errno } from '../native/libc.ts';
import type { Loop } from '../native/loop.ts';
import { getInt, setInt } from '../native/sockets.ts';
import type { StandIn } from '../standIn.ts';
import type { Failure } from '../relay.ts';

/** Everything that may come of an endpoint's socket, told once each time it does. */
const ENDPOINT_EVENTS = EPOLLIN | EPOLLOUT | EPOLLPRI | EPOLLRDHUP | EPOLLET;

export interface DialContext {
  readonly loop: Loop;
  readonly descriptors: Descriptors;
  readonly addresses: EndpointAddresses;
  /** Given each socket before it is connected. */
  readonly standIn: StandIn;
  /** How long the first, second … endpoint that stays silent is waited for, in milliseconds. */
  readonly timeoutsMs: readonly number[];
  readonly clock: () => number;
  /** Descriptors ran out: new clients should wait. */
  readonly ranShort: () => void;
  readonly ending: Ending;
  /** What waits for the endpoint's socket from the attempt on. */
  readonly watcherOf: (connection: Connection) => Watcher;
}

export interface Dialler {
  /** Begin with the next endpoint. */
  dial(connection: Connection): void;
  /** The attempt's socket has an event: true when it is connected. */
  isConnected(connection: Connection, events: number): boolean;
  /** The endpoint that was dialled or connected failed: count it and go on with another. */
  next(connection: Connection, kind: Failure): void;
}

const SHORTAGE_MS = 100;
const MOST_SHORTAGES = 50;

export function createDialler(context: DialContext): Dialler {
  const { loop, descriptors, addresses, standIn, ending } = context;

  function dial(connection: Connection): void {
    const endpoint = pick(context, connection);
    if (endpoint === undefined) return giveUp(connection, ending);
    const fd = addresses.open(endpoint, SOCK_STREAM);
    if (fd === -1) return runShort(connection, errno());
    begin(connection, endpoint, descriptors.hold(fd));
    connection.dialledAt = context.clock();
    attempt(connection, endpoint, fd);
  }

  function attempt(connection: Connection, endpoint: EndpointAddress, fd: number): void {
    // The handshake's last ACK may wait for what is to be sent anyway: a packet fewer.
    if (connection.toEndpoint.held !== undefined) setInt(fd, SOL_TCP, TCP_QUICKACK, 0);
    standIn(fd, connection, endpoint);
    const { address, length } = addresses.write(endpoint);
    const number = connect(fd, address, length) === 0 ? 0 : errno();
    if (number !== 0 && number !== EINPROGRESS) {
      next(connection, kindOf(number));
      return;
    }
    loop.watch(fd, ENDPOINT_EVENTS, context.watcherOf(connection));
    connection.timer = loop.after(patience(context, connection), () => {
      connection.silences += 1;
      next(connection, 'timed-out');
    });
  }

  function next(connection: Connection, kind: Failure): void {
    const { endpoint, state, client } = connection;
    ending.leaveEndpoint(connection);
    connection.phase = 'dialling';
    if (endpoint === undefined) return;
    connection.tried.push(endpoint);
    connection.endpoint = undefined;
    state.tally.failed(kind);
    state.picker.failed(endpoint, client.ip, loop.now());
    dial(connection);
  }

  function runShort(connection: Connection, number: number): void {
    connection.shortages += 1;
    if (number === EMFILE || number === ENFILE) context.ranShort();
    if (connection.shortages > MOST_SHORTAGES) giveUp(connection, ending, 'out-of-files');
    else connection.timer = loop.after(SHORTAGE_MS, () => dial(connection));
  }

  return {
    dial,
    isConnected(connection, events) {
      // It may be that it did connect, and was reset at once.
      if ((events & (EPOLLERR | EPOLLHUP)) !== 0) next(connection, failureOf(connection));
      else if ((events & EPOLLOUT) !== 0) return true;
      return false;
    },
    next,
  };
}

function begin(connection: Connection, endpoint: EndpointAddress, fd: number): void {
  if (connection.attempts > 0) connection.state.tally.retried();
  connection.attempts += 1;
  connection.endpoint = endpoint;
  connection.endpointFd = fd;
}

/** An endpoint that was silent may only have lost a packet: with it, all get another chance. */
function pick(
  { loop, timeoutsMs }: DialContext,
  connection: Connection,
): EndpointAddress | undefined {
  const { state, client, list, tried, silences } = connection;
  const endpoint = state.picker.pick(client.ip, list, tried, loop.now());
  if (endpoint !== undefined || silences === connection.silencesBefore) return endpoint;
  if (silences >= timeoutsMs.length) return undefined;
  connection.silencesBefore = silences;
  connection.tried = [];
  return state.picker.pick(client.ip, list, connection.tried, loop.now());
}

/** How long the endpoint may stay silent, in milliseconds. */
function patience({ timeoutsMs }: DialContext, { silences }: Connection): number {
  return timeoutsMs[silences] ?? timeoutsMs.at(-1) ?? LAST_RESORT_MS;
}

const LAST_RESORT_MS = 1000;

/** Nobody is left. Endpoints that failed were counted already. */
function giveUp(connection: Connection, ending: Ending, kind: Failure = 'no-endpoint'): void {
  if (connection.attempts === 0 || kind !== 'no-endpoint') connection.state.tally.failed(kind);
  ending.abort(connection);
}

/** Why the attempt failed. */
function failureOf({ endpointFd }: Connection): Failure {
  return kindOf(getInt(endpointFd, SOL_SOCKET, SO_ERROR));
}

/** Anything not listed, such as a firewall's EPERM, means that it cannot be reached from here. */
function kindOf(number: number): Failure {
  if (number === ECONNREFUSED) return 'refused';
  if (number === ETIMEDOUT) return 'timed-out';
  if (number === ECONNRESET) return 'reset';
  return 'unreachable';
}
