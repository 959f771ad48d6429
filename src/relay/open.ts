/** Opening the relay: its listeners, its worker threads, and what the agent holds of them. */
import { createCountMemory, readCounts } from './counts.ts';
import type { CountMemory, CountReader } from './counts.ts';
import { createDescriptorMemory, shareDescriptors } from './native/descriptors.ts';
import type { Descriptors } from './native/descriptors.ts';
import { openEventfd, openFilesLimit } from './native/sockets.ts';
import { drainListeners } from './openDrain.ts';
import { openListeners } from './openListeners.ts';
import type { Listeners, PortRange } from './openListeners.ts';
import { SHARED_SLOT, TOTAL_SLOT, createLineTable } from './openTable.ts';
import type { LineTable } from './openTable.ts';
import type { Relay, RelayCounts, ServiceCounts } from './relay.ts';
import type { TcpOptions } from './tcp/tcp.ts';
import type { FlowLimits } from './udp/flowTable.ts';
import { UDP_DEFAULTS } from './udp/udp.ts';
import { startThread } from './workerThread.ts';
import type { WorkerThread } from './workerThread.ts';
import type { Family } from '../net/family.ts';
import type { Log } from '../observe/log.ts';

export interface RelayOptions extends Omit<TcpOptions, 'fileLimit'> {
  /** The listeners stand at the first port that is free. */
  readonly ports: PortRange;
  readonly families: readonly Family[];
  /** Threads that serve, 1 to 64; the first also serves UDP. */
  readonly workers: number;
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

/** Rejects when no port is free, or when the node does not let it listen. */
export async function openRelay(options: RelayOptions): Promise<Relay> {
  const shared = createShared(options);
  const { descriptors } = shared;
  try {
    const listeners = openListeners(options, descriptors);
    const threads = startThreads(options, shared, listeners);
    const parts = { shared, listeners, threads };
    try {
      await Promise.all(threads.map(({ ready }) => ready));
      return createRelay(parts);
    } catch (error) {
      await stopAll(threads);
      throw error;
    }
  } catch (error) {
    descriptors.closeAllOf(MAIN);
    throw error;
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
}

function createRelay(parts: Parts): Relay {
  const { threads, listeners } = parts;
  const { table, counts, descriptors } = parts.shared;
  let lastId = 0;

  async function close(): Promise<void> {
    await stopAll(threads);
    descriptors.closeAllOf(MAIN);
  }

  return {
    port: listeners.port,
    async apply(text) {
      const changes = table.follow(text);
      lastId += 1;
      const id = lastId;
      if (changes.lines.length > 0) {
        await Promise.all(threads.map((thread) => thread.follow(id, changes)));
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
