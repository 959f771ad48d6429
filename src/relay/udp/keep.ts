/**
 * Each client's last unanswered datagram, to be sent again when its endpoint turns out to be dead.
 * Within a fixed number of bytes in all: beyond it a datagram is not kept, and the client has to
 * send it again itself, as with any loss.
 */
import type { Flow } from './flow.ts';

type Kept = Pick<Flow, 'kept' | 'keptLength'>;

export interface Keeper {
  /** In place of the one before. */
  keep(flow: Kept, datagram: Uint8Array): void;
  /** It was answered; room for a small one stays for the next. */
  answered(flow: Kept): void;
  /** The flow is over. */
  drop(flow: Kept): void;
  /** Bytes held. */
  size(): number;
}

/** `keptLength` when no datagram is kept: an empty one is one, too. */
export const NOTHING = -1;

/** Most datagrams fit into this. */
const SMALL = 256;

export function createKeeper(mostBytes: number): Keeper {
  let size = 0;
  /** Small ones of flows that are over: no more than there were flows at a time. */
  const spare: Uint8Array[] = [];

  function drop(flow: Kept): void {
    size -= flow.kept?.length ?? 0;
    if (flow.kept?.length === SMALL) spare.push(flow.kept);
    flow.kept = undefined;
    flow.keptLength = NOTHING;
  }

  return {
    keep(flow, datagram) {
      if (flow.kept === undefined || flow.kept.length < datagram.length) {
        drop(flow);
        const room = Math.max(SMALL, datagram.length);
        if (size + room > mostBytes) return;
        flow.kept = (room === SMALL ? spare.pop() : undefined) ?? new Uint8Array(room);
        size += room;
      }
      flow.kept.set(datagram);
      flow.keptLength = datagram.length;
    },
    answered(flow) {
      if (flow.kept === undefined) return;
      if (flow.kept.length > SMALL) drop(flow);
      else flow.keptLength = NOTHING;
    },
    drop,
    size: () => size,
  };
}
