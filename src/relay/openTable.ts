/** The relay's table as its main thread keeps it: lines, and the slots of their Services' counts. */
import { SLOTS } from './counts.ts';
import type { CountReader } from './counts.ts';
import { parseLine, printRemoval } from '../plan/relayTable.ts';

/** What a batch of lines comes to. */
export interface Changes {
  /** Those that change something. */
  readonly lines: readonly string[];
  readonly slots: readonly (readonly [name: string, slot: number])[];
  /** Those that are none. */
  readonly refused: readonly string[];
}

export interface LineTable {
  follow(text: string): Changes;
  /** What a worker that knows nothing must be told. */
  all(): Changes;
  /** Lines that would make the table anew, sorted. */
  print(): string;
  /** Names and slots of the Services in it. */
  services(): Iterable<readonly [name: string, slot: number]>;
}

/** Of what concerns no Service alone. */
export const TOTAL_SLOT = 0;
/** Of Services beyond the number of slots. */
export const SHARED_SLOT = SLOTS - 1;

export function createLineTable(counts: CountReader): LineTable {
  /** By the line that would remove it. */
  const lines = new Map<string, string>();
  const slots = createSlots(counts);

  function followLine(text: string): 'changed' | 'known' | 'refused' {
    const line = parseLine(text);
    if (line === undefined) return 'refused';
    if (line.kind.startsWith('no-')) {
      if (line.kind === 'no-service') slots.release(line.name);
      return lines.delete(text) ? 'changed' : 'known';
    }
    const key = printRemoval(text);
    if (lines.get(key) === text) return 'known';
    lines.set(key, text);
    return 'changed';
  }

  return {
    follow(text) {
      const outcomes = Map.groupBy(text.split('\n').filter(Boolean), followLine);
      const changed = outcomes.get('changed') ?? [];
      const names = changed.filter((line) => line.startsWith('service ')).map(nameOf);
      const given = names.map((name) => [name, slots.take(name)] as const);
      return { lines: changed, slots: given, refused: outcomes.get('refused') ?? [] };
    },
    all: () => ({ lines: [...lines.values()], slots: [...slots.taken()], refused: [] }),
    print: () =>
      [...lines.values()]
        .sort()
        .map((line) => `${line}\n`)
        .join(''),
    services: () => slots.taken(),
  };
}

function nameOf(line: string): string {
  const start = 'service '.length;
  return line.slice(start, line.indexOf(' ', start));
}

/** So many slots rest before the oldest is given to another Service. */
const RESTING = 1000;

interface Slots {
  /** The same as before where the Service has one, or had one that nobody else took since. */
  take(name: string): number;
  release(name: string): void;
  taken(): Iterable<readonly [name: string, slot: number]>;
}

function createSlots(counts: CountReader): Slots {
  const taken = new Map<string, number>();
  /** Of Services that went: connections may still count there. */
  const released = new Map<string, number>();
  let next = TOTAL_SLOT + 1;

  function reuse(): number | undefined {
    // Not at once: a worker may not have heard yet that the Service went.
    if (released.size <= RESTING) return undefined;
    for (const [name, slot] of released) {
      if (counts.running(slot) > 0) continue;
      released.delete(name);
      counts.clear(slot);
      return slot;
    }
    return undefined;
  }

  function fresh(): number {
    const slot = reuse();
    if (slot !== undefined) return slot;
    if (next === SHARED_SLOT) return SHARED_SLOT;
    next += 1;
    return next - 1;
  }

  return {
    take(name) {
      const slot = taken.get(name) ?? released.get(name) ?? fresh();
      taken.set(name, slot);
      released.delete(name);
      return slot;
    },
    release(name) {
      const slot = taken.get(name);
      if (slot === undefined) return;
      taken.delete(name);
      if (slot !== SHARED_SLOT) released.set(name, slot);
    },
    taken: () => taken,
  };
}
