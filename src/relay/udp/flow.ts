/** A client's flow of datagrams to one dialled address, and back. */
import type { Aged } from '../ageList.ts';
import type { EndpointAddress, EndpointList, RelayDestination } from '../../plan/relayTable.ts';
import type { SocketAddress } from '../native/socketAddress.ts';
import type { ServiceState } from '../serviceState.ts';
import type { SocketKey } from './socketKey.ts';

/** An address and port that clients dial now. */
export interface Dialled {
  readonly key: SocketKey;
  readonly address: SocketAddress;
  readonly destination: RelayDestination;
  /** Bound to this very address, which need not be one of the node; -1 once closed. */
  replyFd: number;
  /** By client. */
  readonly flows: Map<SocketKey, Flow>;
}

export interface FlowOrigin {
  readonly key: SocketKey;
  readonly dialled: Dialled;
  /** The client's `struct sockaddr`, as replies need it. */
  readonly client: Uint8Array;
  readonly clientIp: Uint8Array;
  readonly state: ServiceState;
  readonly list: EndpointList;
}

/** Mutable, and owned by one thread. */
export interface Flow extends FlowOrigin, Aged<Flow> {
  endpoint: EndpointAddress | undefined;
  /** Connected to the endpoint; -1 while there is none. */
  fd: number;
  /** Endpoints that refused since one answered. */
  tried: EndpointAddress[];
  /** Whether an endpoint has answered. */
  isAnswered: boolean;
  /** Whether the client has spoken again after an answer: no spoofed address does that. */
  isTwoWay: boolean;
  /** When a datagram last went either way, in milliseconds. */
  activeAt: number;
  /** The client's last datagram as long as it is unanswered; see keep.ts. */
  kept: Uint8Array | undefined;
  /** -1 when none is kept: an empty datagram is one, too. */
  keptLength: number;
}

export function newFlow(origin: FlowOrigin, now: number): Flow {
  return {
    ...origin,
    older: undefined,
    newer: undefined,
    endpoint: undefined,
    fd: -1,
    tried: [],
    isAnswered: false,
    isTwoWay: false,
    activeAt: now,
    kept: undefined,
    keptLength: -1,
  };
}
