/** What the relay's main thread and its workers tell each other. */
import type { CountMemory } from './counts.ts';
import type { Listener } from './openListeners.ts';
import type { TcpOptions } from './tcp/tcp.ts';
import type { UdpOptions } from './udp/udp.ts';

/** What a worker begins with. */
export interface WorkerStart {
  /** Counted from 0; the owner of its descriptors. */
  readonly worker: number;
  /** An eventfd: readable when a message is there. */
  readonly wakeFd: number;
  readonly tcp: readonly Listener[];
  readonly udp: readonly Listener[];
  readonly descriptors: SharedArrayBuffer;
  readonly counts: CountMemory;
  /** Of what concerns no Service alone. */
  readonly totalSlot: number;
  /** Of Services that have none of their own. */
  readonly sharedSlot: number;
  /** Of sockets to endpoints that clients dial as well; undefined for none. */
  readonly dialMark: number | undefined;
  readonly keepsClientAddress: boolean;
  readonly tcpOptions: TcpOptions;
  readonly udpOptions: UdpOptions;
}

export interface Follow {
  readonly kind: 'follow';
  readonly id: number;
  /** Lines of plan/relayTable.ts that were parsed before. */
  readonly lines: readonly string[];
  /** Slots of Services that are new in these lines. */
  readonly slots: readonly (readonly [name: string, slot: number])[];
}

export type ToWorker = Follow | { readonly kind: 'stop' };

export type FromWorker =
  | { readonly kind: 'ready' }
  | { readonly kind: 'followed'; readonly id: number }
  /** All of the ServicePort that this worker has set aside now. */
  | { readonly kind: 'aside'; readonly service: string; readonly endpoints: readonly string[] }
  | { readonly kind: 'warning'; readonly message: string; readonly error: string };
