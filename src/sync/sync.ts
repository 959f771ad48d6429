/** One sync: what should be, minus what is, is done. */
import type { Backend, Installed, Rendering } from '../backends/backend.ts';
import { KernelError } from '../kernel/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { RETRY } from '../kernel/locks.ts';
import { applied, PartialFailure, partialFailure } from './partialFailure.ts';
import type { Snapshot } from '../model/types.ts';
import type { Operation } from '../plan/operation.ts';
import type { SyncTask } from './loop.ts';

export interface SyncParts {
  readonly backend: Backend;
  readonly kernel: Kernel;
  /** What should be, from all that is known now; undefined while something needed is unknown. */
  decide(last: Snapshot | undefined): Snapshot | undefined;
  /**
   * End UDP flows that the step from `before` made stale, or all to Services where they take another
   * way from now on; returns how many.
   */
  endStaleFlows(before: Snapshot | undefined, after: Snapshot, all: boolean): Promise<number>;
  /** The node's addresses as text, where the backend heeds them: when they change, it looks again. */
  addresses(): string;
  readonly report: SyncReport;
  /** Milliseconds of any clock. */
  now(): number;
}

/** Who is told of each sync; must not throw. */
export interface SyncReport {
  synced(result: SyncResult): void;
  /** Nothing had to be done. */
  unchanged(): void;
  failed(error: unknown, failure: SyncFailure): void;
}

export interface SyncResult {
  readonly rendering: Rendering;
  /** Read from the node first, not only compared with what was written last. */
  readonly isFull: boolean;
  readonly operations: readonly Operation[];
  /** Operations that only repair what others had changed. */
  readonly repairs: readonly Operation[];
  readonly flowsDeleted: number;
  readonly milliseconds: number;
}

export interface SyncFailure {
  readonly isFull: boolean;
  /** What was being done, where it was an operation. */
  readonly operation: Operation | undefined;
  /** Objects that the node lacks or has too many although all was tried; empty when unknown. */
  readonly refused: readonly string[];
}

/** What the next sync builds on. */
interface Memory {
  rendering: Rendering | undefined;
  /** What the node holds; undefined when it is not known and must be read. */
  installed: Installed | undefined;
  /** The addresses that the node had then. */
  addresses: string;
  /** The last Snapshot whose stale flows were ended. */
  flowsOf: Snapshot | undefined;
  /** Whether flows take another way since then. */
  movesFlows: boolean;
}

export function syncTask(parts: SyncParts): SyncTask {
  const memory: Memory = {
    ...{ rendering: undefined, installed: undefined, flowsOf: undefined },
    ...{ addresses: '', movesFlows: false },
  };
  return {
    sync: (isCheck, breakOff) => syncOnce(parts, memory, { isCheck, breakOff }),
    isHopeless: (error) => error instanceof KernelError && RETRY[error.kind] === 'later',
  };
}

interface Occasion {
  readonly isCheck: boolean;
  readonly breakOff: AbortSignal;
}

async function syncOnce(
  parts: SyncParts,
  memory: Memory,
  { isCheck, breakOff }: Occasion,
): Promise<number | undefined> {
  const began = parts.now();
  noticeAddresses(parts, memory);
  const wanted = decide(parts, memory, isCheck);
  if (wanted === undefined) return 0;
  const { rendering, isFull } = wanted;
  const read = await readNode(parts, memory, wanted, breakOff);
  if (read === undefined) return undefined;
  const done = await bringInLine(parts, memory, wanted, read.installed);
  const flowsDeleted = await endStaleFlows(parts, memory, rendering.snapshot);
  const milliseconds = parts.now() - began;
  parts.report.synced({ rendering, isFull, ...done, flowsDeleted, milliseconds });
  return read.tookMs;
}

/** An address that came or went was a Service's alone before, or is now: what we knew is old. */
function noticeAddresses(parts: SyncParts, memory: Memory): void {
  const addresses = parts.addresses();
  if (addresses !== memory.addresses) memory.installed = undefined;
  memory.addresses = addresses;
}

interface Wanted {
  readonly rendering: Rendering;
  readonly isFull: boolean;
}

/** What should be; undefined when it already is, or cannot be said yet. */
function decide(parts: SyncParts, memory: Memory, isCheck: boolean): Wanted | undefined {
  const isFull = isCheck || memory.installed === undefined;
  try {
    const snapshot = parts.decide(memory.rendering?.snapshot);
    if (snapshot === undefined) return undefined;
    if (!isCheck && isDone(memory, snapshot)) {
      parts.report.unchanged();
      return undefined;
    }
    return { rendering: render(parts.backend, memory, snapshot), isFull };
  } catch (error) {
    // A mistake of ours; without a word it would be tried again for ever.
    parts.report.failed(error, { isFull, operation: undefined, refused: [] });
    throw error;
  }
}

function isDone(memory: Memory, snapshot: Snapshot): boolean {
  const isInstalled = memory.installed !== undefined && memory.rendering?.snapshot === snapshot;
  return isInstalled && memory.flowsOf === snapshot;
}

function render(backend: Backend, memory: Memory, snapshot: Snapshot): Rendering {
  if (memory.rendering?.snapshot === snapshot) return memory.rendering;
  memory.rendering = backend.render(snapshot, memory.rendering);
  return memory.rendering;
}

interface Read {
  readonly installed: Installed;
  readonly tookMs: number;
}

/** What the node holds; undefined when reading it made way for something more urgent. */
async function readNode(
  { backend, kernel, report, now }: SyncParts,
  memory: Memory,
  { isFull }: Wanted,
  breakOff: AbortSignal,
): Promise<Read | undefined> {
  const known = memory.installed;
  if (!isFull && known !== undefined) return { installed: known, tookMs: 0 };
  // What is not known must be read, whatever waits.
  const signal = known === undefined ? undefined : breakOff;
  const began = now();
  try {
    const installed = await backend.read({
      list: (program, args) => kernel.list(program, args, signal),
      sysctl: (name) => kernel.sysctl(name),
    });
    return { installed, tookMs: now() - began };
  } catch (error) {
    if (signal?.aborted === true) return undefined;
    report.failed(error, { isFull, operation: undefined, refused: [] });
    throw error;
  }
}

async function bringInLine(
  { backend, kernel, report }: SyncParts,
  memory: Memory,
  { rendering, isFull }: Wanted,
  installed: Installed,
): Promise<Pick<SyncResult, 'operations' | 'repairs'>> {
  const before = memory.installed;
  let operation: Operation | undefined;
  try {
    // If apply() throws half-way we no longer know what is there: the next sync begins by reading.
    memory.installed = undefined;
    const { operations, reached, movesFlows } = backend.plan(installed, rendering.rules);
    if (movesFlows === true) memory.movesFlows = true;
    const refusals: unknown[] = [];
    for (operation of operations) refusals.push(...(await applied(kernel, operation)));
    if (refusals.length > 0) throw await partialFailure(refusals, { backend, kernel, rendering });
    memory.installed = reached;
    // Where nothing was read, there is nothing that others could have changed.
    const isKnown = before === undefined || before === installed;
    const repairs = isKnown ? [] : backend.plan(installed, before).operations;
    return { operations, repairs };
  } catch (error) {
    const refused = error instanceof PartialFailure ? error.refused : [];
    report.failed(error, { isFull, operation, refused });
    throw error;
  }
}

/** Only behind the rules: a flow that ends before them would come back along the old ones. */
async function endStaleFlows(
  { endStaleFlows: end, report }: SyncParts,
  memory: Memory,
  snapshot: Snapshot,
): Promise<number> {
  try {
    const deleted = await end(memory.flowsOf, snapshot, memory.movesFlows);
    memory.flowsOf = snapshot;
    memory.movesFlows = false;
    return deleted;
  } catch (error) {
    report.failed(error, { isFull: false, operation: undefined, refused: [] });
    throw error;
  }
}
