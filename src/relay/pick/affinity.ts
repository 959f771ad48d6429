/** Which endpoint a client had last: ClientIP session affinity. */
import { createAgeList } from '../ageList.ts';
import type { Aged } from '../ageList.ts';
import type { Endpoint } from './endpoints.ts';

export interface Affinity {
  /** The client's endpoint, unless its time is over or the endpoint has left since. */
  recall(client: string, now: number): Endpoint | undefined;
  /** A new connection: its time begins anew. */
  remember(client: string, endpoint: Endpoint, now: number): void;
  /** It failed this client; where the client is remembered elsewhere, that stays. */
  forget(client: string, endpoint: Endpoint): void;
  /** Applied at once to those who are remembered; undefined forgets them all. */
  setTimeout(seconds: number | undefined): void;
  size(): number;
}

interface Memory extends Aged<Memory> {
  readonly client: string;
  endpoint: Endpoint;
  /** The endpoint's `stay` then. */
  stay: number;
  since: number;
}

/** With room for that many clients: the one without a new connection for the longest goes first. */
export function createAffinity(seconds: number | undefined, mostClients: number): Affinity {
  const memories = new Map<string, Memory>();
  const byAge = createAgeList<Memory>();
  let timeoutMs = milliseconds(seconds);

  function drop(memory: Memory): void {
    memories.delete(memory.client);
    byAge.remove(memory);
  }

  /** Two for one that comes, so that the old ones become fewer. */
  function dropOld(now: number): void {
    for (let count = 0; count < 2; count += 1) {
      const oldest = byAge.oldest();
      if (oldest === undefined) return;
      if (now - oldest.since < timeoutMs && byAge.size() < mostClients) return;
      drop(oldest);
    }
  }

  return {
    recall(client, now) {
      const memory = memories.get(client);
      if (memory === undefined) return undefined;
      const isValid = now - memory.since < timeoutMs && memory.stay === memory.endpoint.stay;
      return isValid ? memory.endpoint : undefined;
    },
    remember(client, endpoint, now) {
      if (timeoutMs === 0) return;
      const memory = memories.get(client);
      if (memory === undefined) {
        dropOld(now);
        const made = { client, endpoint, stay: endpoint.stay, since: now };
        const fresh: Memory = { ...made, older: undefined, newer: undefined };
        memories.set(client, fresh);
        return byAge.add(fresh);
      }
      memory.endpoint = endpoint;
      memory.stay = endpoint.stay;
      memory.since = now;
      byAge.touch(memory);
    },
    forget(client, endpoint) {
      const memory = memories.get(client);
      if (memory?.endpoint === endpoint) drop(memory);
    },
    setTimeout(next) {
      timeoutMs = milliseconds(next);
      if (timeoutMs > 0) return;
      for (let memory = byAge.oldest(); memory !== undefined; memory = byAge.oldest()) drop(memory);
    },
    size: () => byAge.size(),
  };
}

function milliseconds(seconds: number | undefined): number {
  return seconds === undefined ? 0 : seconds * 1000;
}
