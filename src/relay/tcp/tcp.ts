/** The TCP side of one worker: listeners, and the connections that they give. */
import { createConnection } from './connection.ts';
import type { Accepted, Connection } from './connection.ts';
import type { EndpointAddresses } from './endpointAddresses.ts';
import { createMover } from './mover.ts';
import { createAcceptor } from './acceptor.ts';
import { createAdmit } from './admission.ts';
import { createPipes } from './pipes.ts';
import { createRelaying } from './relaying.ts';
import { SOL_SOCKET, SO_KEEPALIVE } from '../native/constants.ts';
import type { Descriptors } from '../native/descriptors.ts';
import type { Loop } from '../native/loop.ts';
import { setInt } from '../native/sockets.ts';
import type { Listener } from '../openListeners.ts';
import type { StandIn } from '../standIn.ts';
import type { ServiceState } from '../serviceState.ts';
import type { Tally } from '../counts.ts';
import type { Table } from '../table.ts';

export interface TcpOptions {
  /** How long the first, second … endpoint that stays silent is waited for, in milliseconds. */
  readonly dialTimeoutsMs: readonly number[];
  /** A connection without a byte for that long is reset, in milliseconds; undefined: never. */
  readonly idleTimeoutMs: number | undefined;
  /** Most connections at a time over all workers; undefined for no limit but descriptors. */
  readonly maxConnections: number | undefined;
  /** Most descriptors that the relay may have open. */
  readonly fileLimit: number;
}

export interface TcpContext {
  readonly loop: Loop;
  readonly clock: () => number;
  readonly descriptors: Descriptors;
  readonly addresses: EndpointAddresses;
  readonly standIn: StandIn;
  readonly table: Table<ServiceState>;
  /** What concerns no Service alone: all connections, pauses of accepting as `out-of-files`. */
  readonly total: Tally;
  readonly listeners: readonly Listener[];
  readonly warn: (message: string, error: unknown) => void;
}

export interface Tcp {
  /** Reset every connection. */
  close(): void;
}

/** How often connections are looked through for idle ones, in milliseconds. */
const SWEEP_MS = 1000;
/** Of a connection that lasts the kernel then asks whether both sides are still there. */
const KEEP_ALIVE_AFTER_MS = 10_000;

export function createTcp(context: TcpContext, options: TcpOptions): Tcp {
  const { loop, descriptors, total, clock, warn } = context;
  const connections = new Set<Connection>();
  const mover = createMover(createPipes({ descriptors, limit: pipeLimit(options.fileLimit) }));
  const acceptor = createAcceptor({
    ...{ loop, descriptors, listeners: context.listeners, fileLimit: options.fileLimit },
    admit: createAdmit(context, options, start),
    paused: () => total.failed('out-of-files'),
    faulted: (error) => warn('a client was kept out by a fault', error),
  });
  const relaying = createRelaying({
    ...{ loop, descriptors, mover, clock },
    ...{ addresses: context.addresses, standIn: context.standIn },
    timeoutsMs: options.dialTimeoutsMs,
    ranShort: acceptor.pause,
    closed(connection) {
      connections.delete(connection);
      total.leave();
    },
    faulted: (connection, error) =>
      warn(`a connection of ${connection.state.service.name} ended by a fault`, error),
  });

  function start(accepted: Accepted): void {
    const connection = createConnection(accepted, loop.now());
    connections.add(connection);
    relaying.start(connection);
  }

  function sweep(): void {
    loop.after(SWEEP_MS, sweep);
    const idleSince = loop.now() - (options.idleTimeoutMs ?? Infinity);
    for (const connection of connections) {
      if (connection.activeAt < idleSince) relaying.abort(connection);
      else if (connection.phase === 'open') keepAlive(connection, loop.now());
    }
  }

  sweep();
  return {
    close() {
      for (const connection of connections) relaying.abort(connection);
    },
  };
}

function keepAlive(connection: Connection, now: number): void {
  if (connection.isKeptAlive || now - connection.dialledAt < KEEP_ALIVE_AFTER_MS) return;
  connection.isKeptAlive = true;
  setInt(connection.fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  setInt(connection.endpointFd, SOL_SOCKET, SO_KEEPALIVE, 1);
}

/** The last quarter of the descriptors is for connections. */
function pipeLimit(fileLimit: number): number {
  return Math.floor(fileLimit * 0.75);
}
