/** Opening the relay: its listeners, its worker threads, and what the agent holds of them. */
import { createCountMemory, readCounts } from './counts.ts';
import type { CountMemory, CountReader } from './counts.ts';
import { createDescriptorMemory, shareDescriptors } from './native/descriptors.ts';
import type { Descriptors } from './native/descriptors.ts';
import { openEventfd, openFilesLimit } from './native/sockets.ts';
import { drainListeners } from './openDrain.ts';
import { openListeners } from './openListeners.ts';
import type { ListenerOptions, Listeners } from './openListeners.ts';
import { openSocketLookup } from './openSocketLookup.ts';
import type { SocketLookup } from './openSocketLookup.ts';
import { SHARED_SLOT, TOTAL_SLOT, createLineTable } from './openTable.ts';
import type { LineTable } from './openTable.ts';
import type { Relay, RelayCounts, ServiceCounts } from './relay.ts';
import type { TcpOptions } from './tcp/tcp.ts';
import type { FlowLimits } from './udp/flowTable.ts';
import { UDP_DEFAULTS } from './udp/udp.ts';
import { startThread } from './workerThread.ts';
import type { WorkerThread } from './workerThread.ts';
import type { Log } from '../observe/log.ts';

export interface RelayOptions extends Omit<TcpOptions, 'fileLimit'>, ListenerOptions {
  /** Most descriptors; undefined for nearly all that the process may have. */
  readonly fileLimit: number | undefined;
  /**
   * Packets to an endpoint at an address that clients dial as well have this mark, by which the rules
   * must leave them alone: else the relay would dial itself.
   */
  readonly dialMark?: number;
  /** What is left out is as kube-proxy has it. */
  readonly udp?: Partial<FlowLimits>;
  /** Pods of this node see the address of clients from elsewhere; the rules must lead answers back. */
  readonly keepsClientAddress?: boolean;
  readonly log: Log;
}

/** Left to the rest of the agent when the relay may have nearly all. */
const FILES_OF_THE_AGENT = 256;
/** The main thread holds listeners and what wakes the workers, whichever of them dies. */
const MAIN = 254;
/** Goes after the listeners: see openEntrances. */
const LOOKUP = 253;

/** Rejects when no port is free, or when the node does not let it listen. */
export async function openRelay(options: RelayOptions): Promise<Relay> {
  const shared = createShared(options);
  const { descriptors } = shared;
  try {
    const [lookup, listeners] = openEntrances(options, descriptors);
    const threads = startThreads(options, shared, listeners);
    const parts = { shared, listeners, threads, lookup };
    try {
      await Promise.all(threads.map(({ ready }) => ready));
      return createRelay(parts);
    } catch (error) {
      await stopAll(threads);
      throw error;
    }
  } catch (error) {
    closeAll(descriptors);
    throw error;
  }
}

function closeAll(descriptors: Descriptors): void {
  descriptors.closeAllOf(MAIN);
  descriptors.closeAllOf(LOOKUP);
}

/** Not every kernel lets us, and most nodes can do without: or else why not. */
type Lookup = SocketLookup | { readonly problem: string };

/** The way to the listeners is opened before them and goes after them: see openSocketLookup. */
function openEntrances(
  options: RelayOptions,
  descriptors: Descriptors,
): readonly [Lookup, Listeners] {
  const lookup = trying(descriptors, () =>
    openSocketLookup(shareDescriptors(descriptors.memory, LOOKUP)),
  );
  const above = 'fd' in lookup ? lookup.fd : undefined;
  const listeners = openListeners({ ...options, above }, descriptors);
  if ('problem' in lookup) return [lookup, listeners];
  const leading = trying(descriptors, () => {
    lookup.leadTo(listeners);
    return lookup;
  });
  return [leading, listeners];
}

function trying({ closeAllOf }: Descriptors, open: () => SocketLookup): Lookup {
  try {
    return open();
  } catch (error) {
    closeAllOf(LOOKUP);
    return { problem: error instanceof Error ? error.message : String(error) };
  }
}

/** What main thread and workers have in common, or count together. */
interface Shared {
  readonly descriptors: Descriptors;
  readonly fileLimit: number;
  readonly countMemory: CountMemory;
  readonly counts: CountReader;
  readonly table: LineTable;
  restarted: number;
}

function createShared(options: RelayOptions): Shared {
  const processLimit = openFilesLimit();
  const countMemory = createCountMemory(options.workers);
  const counts = readCounts(countMemory);
  return {
    descriptors: shareDescriptors(createDescriptorMemory(processLimit), MAIN),
    fileLimit: Math.min(options.fileLimit ?? Infinity, processLimit - FILES_OF_THE_AGENT),
    ...{ countMemory, counts },
    table: createLineTable(counts),
    restarted: 0,
  };
}

function startThreads(
  { log, dialTimeoutsMs, idleTimeoutMs, maxConnections, udp, ...options }: RelayOptions,
  shared: Shared,
  listeners: Listeners,
): readonly WorkerThread[] {
  const { descriptors, countMemory, counts, fileLimit, table } = shared;
  const common = {
    ...{ descriptors: descriptors.memory, counts: countMemory },
    ...{ totalSlot: TOTAL_SLOT, sharedSlot: SHARED_SLOT },
    ...{ dialMark: options.dialMark, keepsClientAddress: options.keepsClientAddress === true },
    tcpOptions: { dialTimeoutsMs, idleTimeoutMs, maxConnections, fileLimit },
    udpOptions: { ...UDP_DEFAULTS, ...udp },
  };
  function ended(worker: number, byFault: boolean): void {
    descriptors.closeAllOf(worker);
    counts.endWorker(worker);
    if (byFault) shared.restarted += 1;
  }
  return listeners.tcp.map((tcp, worker) => {
    const wakeFd = descriptors.hold(openEventfd());
    return startThread(
      { ...common, worker, tcp, udp: worker === 0 ? listeners.udp : [], wakeFd },
      { log, everything: table.all, ended },
    );
  });
}

async function stopAll(threads: readonly WorkerThread[]): Promise<void> {
  await Promise.all(threads.map((thread) => thread.stop()));
}

interface Parts {
  readonly shared: Shared;
  readonly listeners: Listeners;
  readonly threads: readonly WorkerThread[];
  readonly lookup: Lookup;
}

function createRelay(parts: Parts): Relay {
  const { threads, listeners, lookup } = parts;
  const { table, counts, descriptors } = parts.shared;
  let lastId = 0;

  async function close(): Promise<void> {
    await stopAll(threads);
    closeAll(descriptors);
  }

  return {
    port: listeners.port,
    bridgeProblem: 'problem' in lookup ? lookup.problem : undefined,
    async apply(text) {
      const changes = table.follow(text);
      lastId += 1;
      const id = lastId;
      if (changes.lines.length > 0) {
        if ('leave' in lookup) lookup.leave(changes.lines);
        await Promise.all(threads.map((thread) => thread.follow(id, changes)));
        if ('enter' in lookup) lookup.enter(changes.lines);
      }
      if (changes.refused.length > 0) throw refusal(changes.refused);
    },
    table: table.print,
    counts: () => readAll(parts.shared),
    async drain(timeoutMs) {
      await drainListeners(listeners.tcp.flat(), {
        timeoutMs,
        ended: () => counts.running(TOTAL_SLOT) === 0,
        accepted: () => counts.read(TOTAL_SLOT).connections,
      });
      await close();
    },
    close,
  };
}

function readAll({ table, counts, descriptors, fileLimit, restarted }: Shared): RelayCounts {
  const services = new Map<string, ServiceCounts>();
  for (const [name, slot] of table.services()) services.set(name, counts.read(slot));
  return {
    services,
    files: { open: descriptors.open(), limit: fileLimit },
    acceptPauses: counts.read(TOTAL_SLOT).failures['out-of-files'],
    workersRestarted: restarted,
  };
}

function refusal(lines: readonly string[]): Error {
  const [first = '', ...rest] = lines;
  const more = rest.length === 0 ? '' : `, and ${rest.length} more`;
  return new Error(`not a line of the relay's table: ${first}${more}`);
}
