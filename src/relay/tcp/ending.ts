/** The ways in which a connection ends. */
import type { Connection } from './connection.ts';
import type { Mover } from './mover.ts';
import type { Descriptors } from '../native/descriptors.ts';
import type { Loop } from '../native/loop.ts';
import { resetOnClose } from '../native/sockets.ts';

export interface EndingContext {
  readonly loop: Loop;
  readonly descriptors: Descriptors;
  readonly mover: Mover;
  /** A connection is over and its descriptors are closed. */
  readonly closed: (connection: Connection) => void;
}

export interface Ending {
  /** Both sides have said and got everything. */
  finish(connection: Connection): void;
  /** End it with a reset to both sides. Again is fine. */
  abort(connection: Connection): void;
  /** Close the endpoint's socket, connected or not; the client stays. */
  leaveEndpoint(connection: Connection): void;
}

export function createEnding(context: EndingContext): Ending {
  const { loop, descriptors, mover, closed } = context;

  function leaveEndpoint(connection: Connection): void {
    connection.timer?.stop();
    connection.timer = undefined;
    if (connection.phase === 'open' && connection.endpoint !== undefined) {
      connection.state.picker.ended(connection.endpoint);
    }
    if (connection.endpointFd === -1) return;
    loop.forget(connection.endpointFd);
    descriptors.close(connection.endpointFd);
    connection.endpointFd = -1;
  }

  function finish(connection: Connection): void {
    leaveEndpoint(connection);
    connection.phase = 'closed';
    mover.release(connection.toEndpoint);
    mover.release(connection.toClient);
    loop.forget(connection.fd);
    descriptors.close(connection.fd);
    connection.state.tally.leave();
    closed(connection);
  }

  return {
    finish,
    abort(connection) {
      if (connection.phase === 'closed') return;
      resetOnClose(connection.fd);
      if (connection.endpointFd !== -1) resetOnClose(connection.endpointFd);
      finish(connection);
    },
    leaveEndpoint,
  };
}
