/**
 * Maglev's table (Eisenbud et al., NSDI 2016): endpoints take entries in turn, each in an order of
 * its own, so all have the same share and the loss of one moves hardly any entry of the others. It
 * depends on the endpoints' addresses alone, so every worker and every node has the same.
 */
import { hash } from './hash.ts';

/**
 * Entries, a prime: 1,000 endpoints differ by one entry of sixteen. One size for all, because with
 * another size every client would move; made in a millisecond, 32 KB.
 */
export const TABLE_SIZE = 16_381;

/** More endpoints than entries cannot be told apart; none is this number. */
const EMPTY = 0xffff;

/** For each entry, the index of its endpoint. Empty when there are no endpoints. */
export function buildTable(endpoints: readonly string[]): Uint16Array {
  const count = Math.min(endpoints.length, TABLE_SIZE);
  if (count === 0) return new Uint16Array(0);
  const table = new Uint16Array(TABLE_SIZE).fill(EMPTY);
  const next = Uint32Array.from({ length: count }, (_, i) => hash(endpoints[i] ?? '', 1));
  const skip = Uint32Array.from({ length: count }, (_, i) => hash(endpoints[i] ?? '', 2));
  for (let i = 0; i < count; i += 1) {
    next[i] = (next[i] ?? 0) % TABLE_SIZE;
    skip[i] = 1 + ((skip[i] ?? 0) % (TABLE_SIZE - 1));
  }
  for (let filled = 0; filled < TABLE_SIZE; filled += 1) {
    const i = filled % count;
    let entry = next[i] ?? 0;
    while (table[entry] !== EMPTY) entry = (entry + (skip[i] ?? 1)) % TABLE_SIZE;
    table[entry] = i;
    next[i] = entry;
  }
  return table;
}

/** Where a client's search in the table begins. */
export function entryOf(client: string | Uint8Array): number {
  return hash(client, 0) % TABLE_SIZE;
}
