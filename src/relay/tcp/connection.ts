/** The state of one client's connection. */
import { createFlow } from './flow.ts';
import type { Flow } from './flow.ts';
import type { EndpointAddress, EndpointList } from '../../plan/relayTable.ts';
import type { SocketAddress } from '../native/socketAddress.ts';
import type { Timer } from '../native/timers.ts';
import type { Side } from '../openListeners.ts';
import type { ServiceState } from '../serviceState.ts';

export interface Accepted {
  readonly fd: number;
  readonly client: SocketAddress;
  readonly state: ServiceState;
  /** Which of its endpoints this client may get. */
  readonly list: EndpointList;
  readonly side: Side;
}

/** Mutable, and owned by one thread. */
export interface Connection extends Accepted {
  readonly toEndpoint: Flow;
  readonly toClient: Flow;
  /** The endpoint's socket; -1 while there is none. */
  endpointFd: number;
  endpoint: EndpointAddress | undefined;
  phase: 'dialling' | 'open' | 'closed';
  /** Endpoints that failed in this round over all of them. */
  tried: EndpointAddress[];
  /** How often an endpoint stayed silent: the next may take longer. */
  silences: number;
  /** Its value when this round began. */
  silencesBefore: number;
  attempts: number;
  /** How often descriptors were short. */
  shortages: number;
  /** The end of the attempt's time, or of a wait for the next. */
  timer: Timer | undefined;
  dialledAt: number;
  /** When something last happened, on the loop's clock. */
  activeAt: number;
  /** The endpoint's socket has TCP_NODELAY. */
  isUndelayed: boolean;
  isKeptAlive: boolean;
  /** The client's socket is watched: from the first endpoint that is connected on. */
  isWatched: boolean;
  /** It is also watched for being writable. */
  isWatchedForRoom: boolean;
}

export function createConnection(accepted: Accepted, now: number): Connection {
  return {
    fd: accepted.fd,
    client: accepted.client,
    state: accepted.state,
    list: accepted.list,
    side: accepted.side,
    toEndpoint: createFlow(accepted.fd, -1),
    toClient: createFlow(-1, accepted.fd),
    endpointFd: -1,
    endpoint: undefined,
    phase: 'dialling',
    tried: [],
    silences: 0,
    silencesBefore: 0,
    attempts: 0,
    shortages: 0,
    timer: undefined,
    dialledAt: 0,
    activeAt: now,
    isUndelayed: false,
    isKeptAlive: false,
    isWatched: false,
    isWatchedForRoom: false,
  };
}
