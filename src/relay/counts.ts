/**
 * What the workers count per ServicePort, in memory that all threads share: each worker writes cells
 * of its own, so that nobody waits; whoever reads adds them up. Only the number of running
 * connections is kept in common too, for the limits.
 */
import { CONNECT_BUCKETS, FAILURES } from './relay.ts';
import type { Failure, ServiceCounts } from './relay.ts';

/** One ServicePort as one worker counts it. */
export interface Tally {
  /** Count a connection or flow as running, unless that many run in all workers; then false. */
  enter(most: number | undefined): boolean;
  leave(): void;
  retried(): void;
  failed(kind: Failure): void;
  movedToEndpoint(bytes: number): void;
  movedToClient(bytes: number): void;
  connected(milliseconds: number): void;
  setAside(endpoints: number): void;
}

/** For the other threads. */
export interface CountMemory {
  /** Per worker: CELLS a slot. */
  readonly cells: readonly SharedArrayBuffer[];
  /** Running now, by slot. */
  readonly running: SharedArrayBuffer;
}

/** ServicePorts beyond these share the last slot. Memory that is never touched costs nothing. */
export const SLOTS = 65_536;

const CONNECTIONS = 0;
const ACTIVE = 1;
const RETRIES = 2;
const TO_ENDPOINTS = 3;
const TO_CLIENTS = 4;
const SET_ASIDE = 5;
const FAILED = 6;
const CONNECT = FAILED + FAILURES.length;
const CELLS = CONNECT + CONNECT_BUCKETS.length + 1;

const FAILURE_CELLS: ReadonlyMap<Failure, number> = new Map(
  FAILURES.map((kind, index) => [kind, FAILED + index]),
);

export function createCountMemory(workers: number): CountMemory {
  return {
    cells: Array.from({ length: workers }, () => new SharedArrayBuffer(SLOTS * CELLS * 8)),
    running: new SharedArrayBuffer(SLOTS * 4),
  };
}

/** The tallies of one worker, by slot. */
export function talliesOf(memory: CountMemory, worker: number): (slot: number) => Tally {
  const cells = new Float64Array(memory.cells[worker] ?? new SharedArrayBuffer(0));
  const running = new Int32Array(memory.running);
  return (slot) => createTally(cells, running, slot);
}

function createTally(cells: Float64Array, running: Int32Array, slot: number): Tally {
  const base = slot * CELLS;

  function add(cell: number, amount: number): void {
    cells[base + cell] = (cells[base + cell] ?? 0) + amount;
  }

  return {
    enter(most) {
      if (Atomics.add(running, slot, 1) >= (most ?? Infinity)) {
        Atomics.sub(running, slot, 1);
        return false;
      }
      add(CONNECTIONS, 1);
      add(ACTIVE, 1);
      return true;
    },
    leave() {
      Atomics.sub(running, slot, 1);
      add(ACTIVE, -1);
    },
    retried: () => add(RETRIES, 1),
    failed: (kind) => add(FAILURE_CELLS.get(kind) ?? FAILED, 1),
    movedToEndpoint: (bytes) => add(TO_ENDPOINTS, bytes),
    movedToClient: (bytes) => add(TO_CLIENTS, bytes),
    connected: (milliseconds) => add(CONNECT + bucketOf(milliseconds / 1000), 1),
    setAside(endpoints) {
      cells[base + SET_ASIDE] = endpoints;
    },
  };
}

function bucketOf(seconds: number): number {
  let bucket = 0;
  while (seconds > (CONNECT_BUCKETS[bucket] ?? Infinity)) bucket += 1;
  return bucket;
}

export interface CountReader {
  read(slot: number): ServiceCounts;
  running(slot: number): number;
  /** Zero a slot that nobody writes to. */
  clear(slot: number): void;
  /** What a worker that died had running ended with it. */
  endWorker(worker: number): void;
}

export function readCounts(memory: CountMemory): CountReader {
  const workers = memory.cells.map((cells) => new Float64Array(cells));
  const running = new Int32Array(memory.running);

  function sum(slot: number, cell: number): number {
    let total = 0;
    for (const cells of workers) total += cells[slot * CELLS + cell] ?? 0;
    return total;
  }

  return {
    read: (slot) => ({
      connections: sum(slot, CONNECTIONS),
      active: sum(slot, ACTIVE),
      retries: sum(slot, RETRIES),
      failures: Object.fromEntries(
        FAILURES.map((kind, index) => [kind, sum(slot, FAILED + index)]),
      ) as Record<Failure, number>,
      bytesToEndpoints: sum(slot, TO_ENDPOINTS),
      bytesToClients: sum(slot, TO_CLIENTS),
      setAside: sum(slot, SET_ASIDE),
      connectSeconds: Array.from({ length: CONNECT_BUCKETS.length + 1 }, (_, bucket) =>
        sum(slot, CONNECT + bucket),
      ),
    }),
    running: (slot) => Atomics.load(running, slot),
    clear(slot) {
      for (const cells of workers) cells.fill(0, slot * CELLS, (slot + 1) * CELLS);
    },
    endWorker(worker) {
      const cells = workers[worker];
      if (cells === undefined) return;
      for (let slot = 0; slot < SLOTS; slot += 1) {
        const active = cells[slot * CELLS + ACTIVE] ?? 0;
        if (active > 0) Atomics.sub(running, slot, active);
        cells[slot * CELLS + ACTIVE] = 0;
        cells[slot * CELLS + SET_ASIDE] = 0;
      }
    },
  };
}
