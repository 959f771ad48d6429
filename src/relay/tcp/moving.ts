/** What a running connection does with what it moved: go on, wait, pass the end on, or break. */
import type { Connection } from './connection.ts';
import type { Dialler } from './dial.ts';
import type { Ending } from './ending.ts';
import { shut } from './flow.ts';
import type { Flow, Outcome } from './flow.ts';
import type { Mover } from './mover.ts';
import {
  EPOLLET,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  SOL_TCP,
  TCP_NODELAY,
} from '../native/constants.ts';
import type { Loop } from '../native/loop.ts';
import { setInt } from '../native/sockets.ts';

/** What is told of a client's socket; being writable only once it was seen to be full. */
export const CLIENT_EVENTS = EPOLLIN | EPOLLPRI | EPOLLRDHUP | EPOLLET;

/** More than one call sends: Nagle's algorithm could hold the second part back. */
const MUCH = 64 * 1024;

export interface MovingContext {
  readonly loop: Loop;
  readonly mover: Mover;
  readonly ending: Ending;
  readonly dialler: Dialler;
  /** `step` threw in a later round, where it concerns this connection alone. */
  readonly fail: (connection: Connection, error: unknown) => void;
}

export interface Moving {
  /** Move what can be moved now in one direction of an open connection. */
  step(connection: Connection, flow: Flow): void;
  /** The same, but send only what is held. */
  sendHeld(connection: Connection, flow: Flow): void;
}

export function createMoving({ loop, mover, ending, dialler, fail }: MovingContext): Moving {
  function run(connection: Connection, flow: Flow, move: (flow: Flow) => Outcome): void {
    if (connection.phase !== 'open' || flow.isEnded) return;
    const before = flow.moved;
    if (before > 0 && !flow.isEnding) undelay(connection, flow);
    const outcome = move(flow);
    if (flow.moved > before) count(connection, flow, flow.moved - before);
    act(connection, flow, outcome);
  }

  function act(connection: Connection, flow: Flow, outcome: Outcome): void {
    switch (outcome) {
      case 'rest':
        return rest(connection, flow);
      case 'yield':
        return loop.soon(() => resume(connection, flow));
      case 'ended':
        if (connection.toClient.isEnded && connection.toEndpoint.isEnded) ending.finish(connection);
        else shut(flow);
        return;
      case 'source-broken':
        return broken(connection, flow === connection.toClient);
      case 'sink-broken':
        return broken(connection, flow === connection.toEndpoint);
    }
  }

  function rest(connection: Connection, flow: Flow): void {
    if (flow.moved >= MUCH) undelay(connection, flow);
    if (flow.isBlocked && flow === connection.toClient) watchForRoom(loop, connection);
  }

  function resume(connection: Connection, flow: Flow): void {
    try {
      run(connection, flow, mover.move);
    } catch (error) {
      fail(connection, error);
    }
  }

  function broken(connection: Connection, byEndpoint: boolean): void {
    const { toClient, toEndpoint } = connection;
    const isFresh = toClient.moved === 0 && toEndpoint.moved === 0 && !toEndpoint.isEnded;
    // Nothing was said yet, so another may take it over without anybody noticing.
    if (byEndpoint && isFresh) return dialler.next(connection, 'reset');
    if (byEndpoint) countReset(connection, loop.now());
    ending.abort(connection);
  }

  return {
    step: (connection, flow) => run(connection, flow, mover.move),
    sendHeld: (connection, flow) => run(connection, flow, mover.sendHeld),
  };
}

/**
 * The client's socket has TCP_NODELAY from its listener. The endpoint's needs it from the second time
 * on that something is sent, which many connections never see.
 */
export function undelay(connection: Connection, flow: Flow): void {
  if (connection.isUndelayed || flow === connection.toClient) return;
  connection.isUndelayed = true;
  setInt(flow.to, SOL_TCP, TCP_NODELAY, 1);
}

/** It speaks against an endpoint when it never answered. */
function countReset({ state, toClient, endpoint, client }: Connection, now: number): void {
  state.tally.failed('reset');
  if (toClient.moved === 0 && endpoint !== undefined) state.picker.failed(endpoint, client.ip, now);
}

function count({ state, toClient }: Connection, flow: Flow, moved: number): void {
  if (flow === toClient) state.tally.movedToClient(moved);
  else state.tally.movedToEndpoint(moved);
}

function watchForRoom(loop: Loop, connection: Connection): void {
  if (connection.isWatchedForRoom || !connection.isWatched) return;
  connection.isWatchedForRoom = true;
  loop.change(connection.fd, CLIENT_EVENTS | EPOLLOUT);
}
