/** A server that goes on trying to listen where it should, and moves when it is told to. */
import type { BindAddress } from './http.ts';
import { ListenError } from './listen.ts';
import type { Listener } from './listen.ts';

/** Where to listen, or that there is no such server. */
export type Place = BindAddress | 'off';

export interface KeptServer {
  /**
   * Listen there from now on. Resolves after the first attempt with what it met; further ones are
   * made until one succeeds. Where it can be, the new place is open before the old one closes.
   */
  move(place: Place): Promise<ListenError | undefined>;
  /** Listen nowhere any more; resolves when the answers under way are out. */
  close(): Promise<void>;
}

export interface KeepOptions {
  /** Rejects with a ListenError where the address is taken. */
  readonly open: (address: BindAddress) => Promise<Listener>;
  /** Called for the first of several failures in a row. */
  readonly onFailure: (error: ListenError) => void;
  /** Called when it listens after failures. */
  readonly onRecovery: (address: BindAddress) => void;
  /** Calls back once, after so many milliseconds, unless what it returns was called before. */
  readonly after: (ms: number, run: () => void) => () => void;
}

/** kube-proxy tries each 5 s; the process before us is often gone sooner. */
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

export function keepListening(options: KeepOptions): KeptServer {
  let wanted: Place = 'off';
  const stand = emptyStand();
  let failures = 0;
  let cancelRetry = (): void => undefined;
  /** One change at a time. */
  let last: Promise<ListenError | undefined> = Promise.resolve(undefined);

  function settle(): Promise<ListenError | undefined> {
    last = last.then(settleOnce);
    return last;
  }

  async function settleOnce(): Promise<ListenError | undefined> {
    cancelRetry();
    if (wanted === 'off') {
      failures = 0;
      void stand.leave();
      return undefined;
    }
    const now = stand.address();
    if (now?.host === wanted.host && now.port === wanted.port) return undefined;
    // One of the two may be part of the other, as of 0.0.0.0 with the same port.
    if (now?.port === wanted.port) void stand.leave();
    return open(wanted);
  }

  async function open(address: BindAddress): Promise<ListenError | undefined> {
    try {
      stand.take(address, await options.open(address));
      if (failures > 0) options.onRecovery(address);
      failures = 0;
      return undefined;
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      if (failures === 0) options.onFailure(error);
      const delay = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
      failures += 1;
      cancelRetry = options.after(delay, () => void settle());
      return error;
    }
  }

  return {
    move(place) {
      wanted = place;
      return settle();
    },
    async close() {
      wanted = 'off';
      await last;
      cancelRetry();
      await stand.leave();
    },
  };
}

/** Where a server listens now, if anywhere. */
interface Stand {
  address(): BindAddress | undefined;
  /** The listener before it is left. */
  take(address: BindAddress, listener: Listener): void;
  /**
   * Resolves when the answers under way are out; need not be awaited otherwise, as the port is free
   * at once, and slow clients must not hold up the next server.
   */
  leave(): Promise<void>;
}

function emptyStand(): Stand {
  let taken: { readonly address: BindAddress; readonly listener: Listener } | undefined;
  async function leave(): Promise<void> {
    const left = taken;
    taken = undefined;
    await left?.listener.close();
  }
  return {
    address: () => taken?.address,
    take(address, listener) {
      void leave();
      taken = { address, listener };
    },
    leave,
  };
}
