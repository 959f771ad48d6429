/** Room for bytes that were read and not sent yet, used again and again: typed arrays are dear. */
import { allocate } from '../native/memory.ts';
import type { Memory } from '../native/memory.ts';

/** Mutable: bytes `from` to `from + length` are still to be sent. */
export interface Holding {
  readonly memory: Memory;
  from: number;
  length: number;
}

export interface Holdings {
  /** An empty one. */
  take(): Holding;
  /** Those of another size are left alone. */
  giveBack(holding: Holding): void;
}

/** Holdings of that many bytes each, of which at most `spare` wait to be used again. */
export function createHoldings(bytes: number, spare: number): Holdings {
  const unused: Holding[] = [];
  return {
    take: () => unused.pop() ?? { memory: allocate(bytes), from: 0, length: 0 },
    giveBack(holding) {
      const isOwn = holding.memory.bytes.length === bytes;
      if (isOwn && unused.length < spare) unused.push(holding);
    },
  };
}
