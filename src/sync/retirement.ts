/** Relays whose rules another one has by now, and which serve what they have to its end. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Log } from '../observe/log.ts';
import type { Relay } from '../relay/relay.ts';

export interface Retirement {
  /**
   * Once others are in force, let its connections end by themselves, however long that takes, and
   * close it. Resolves then.
   */
  drain(relay: Relay, othersInForce: Promise<void>): Promise<void>;
  /** Give those that are left that many milliseconds, together. */
  stop(timeoutMs: number): Promise<void>;
}

export function retirement(log: Log): Retirement {
  const left = new Map<Relay, Promise<void>>();

  async function drain(relay: Relay, othersInForce: Promise<void>): Promise<void> {
    await othersInForce;
    log.info('the relay before serves what it has to its end', { port: relay.port });
    await relay.drain(Infinity);
    log.info('the relay before has nothing left', { port: relay.port });
  }

  return {
    drain(relay, othersInForce) {
      const drained = drain(relay, othersInForce).finally(() => {
        left.delete(relay);
      });
      left.set(relay, drained);
      return drained;
    },
    async stop(timeoutMs) {
      await Promise.race([Promise.all(left.values()), wait(timeoutMs, undefined, { ref: false })]);
      await Promise.all([...left.keys()].map((relay) => relay.close()));
    },
  };
}
