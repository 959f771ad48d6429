/** A relay's worker thread: it blocks in its loop's epoll_wait, and an eventfd wakes it for messages. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

import { talliesOf } from './counts.ts';
import type { Tally } from './counts.ts';
import { EPOLLIN, SOCK_STREAM } from './native/constants.ts';
import { shareDescriptors } from './native/descriptors.ts';
import { read } from './native/libc.ts';
import { createLoop } from './native/loop.ts';
import type { Loop } from './native/loop.ts';
import { allocate } from './native/memory.ts';
import { asTheNode, createStandIn } from './standIn.ts';
import { serviceStates } from './serviceState.ts';
import type { ServiceState, TellAside } from './serviceState.ts';
import { createTable } from './table.ts';
import type { Table } from './table.ts';
import { createEndpointAddresses } from './tcp/endpointAddresses.ts';
import type { OwnMark } from './tcp/endpointAddresses.ts';
import { createTcp } from './tcp/tcp.ts';
import type { Tcp, TcpContext } from './tcp/tcp.ts';
import { createUdp } from './udp/udp.ts';
import type { Udp } from './udp/udp.ts';
import type { Follow, FromWorker, ToWorker, WorkerStart } from './workerMessages.ts';
import { parseLine } from '../plan/relayTable.ts';
import type { RelayLine } from '../plan/relayTable.ts';

/** Serves until it is told to stop. */
function work(start: WorkerStart, post: (message: FromWorker) => void): void {
  const clock = (): number => performance.now();
  const descriptors = shareDescriptors(start.descriptors, start.worker);
  const loop = createLoop(clock);
  descriptors.hold(loop.fd);
  const { table, follow } = createFollowedTable(start, (service, endpoints) =>
    post({ kind: 'aside', service, endpoints }),
  );
  const addresses = createEndpointAddresses(ownMark(start, table));
  const warn: Warn = (message, error) => post({ kind: 'warning', message, error: String(error) });
  const context = { loop, clock, descriptors, table, addresses };
  const tcp = startTcp(start, { ...context, warn });
  const udp = startUdp(start, { ...context, warn });

  function receive(message: ToWorker): void {
    switch (message.kind) {
      case 'follow':
        for (const line of follow(message)) udp?.changed(line);
        return post({ kind: 'followed', id: message.id });
      case 'stop':
        return loop.stop();
    }
  }

  watchWakes(start.wakeFd, loop, () => receiveAll(receive));
  post({ kind: 'ready' });
  loop.run();
  udp?.close();
  tcp.close();
  descriptors.close(loop.fd);
}

type Warn = (message: string, error: unknown) => void;

function ownMark({ dialMark }: WorkerStart, table: Table<ServiceState>): OwnMark | undefined {
  if (dialMark === undefined) return undefined;
  return {
    mark: dialMark,
    isDialled: ({ ip, port }, type) =>
      table.find(type === SOCK_STREAM ? 'TCP' : 'UDP', ip, port) !== undefined,
  };
}

interface WorkerContext extends Omit<TcpContext, 'total' | 'standIn' | 'listeners'> {
  readonly loop: Loop;
}

interface FollowedTable {
  readonly table: Table<ServiceState>;
  /** Each line is handed on once the table has followed it. */
  follow(change: Follow): Generator<RelayLine>;
}

function createFollowedTable(
  { counts, worker, sharedSlot }: WorkerStart,
  tellAside: TellAside,
): FollowedTable {
  const tallyAt = talliesOf(counts, worker);
  const tallies = new Map<string, Tally>();
  const tallyOf = (name: string): Tally => tallies.get(name) ?? tallyAt(sharedSlot);
  const table = createTable(serviceStates(tallyOf, Math.random, tellAside));
  return {
    table,
    *follow({ slots, lines }) {
      for (const [name, slot] of slots) tallies.set(name, tallyAt(slot));
      for (const text of lines) {
        const line = parseLine(text);
        if (line === undefined) continue;
        table.follow(line);
        if (line.kind === 'no-service') tallies.delete(line.name);
        yield line;
      }
    },
  };
}

function startTcp(start: WorkerStart, context: WorkerContext): Tcp {
  const total = talliesOf(start.counts, start.worker)(start.totalSlot);
  const standIn = start.keepsClientAddress ? createStandIn(context.clock) : asTheNode;
  return createTcp({ ...context, total, standIn, listeners: start.tcp }, start.tcpOptions);
}

function startUdp(start: WorkerStart, context: WorkerContext): Udp | undefined {
  if (start.udp.length === 0) return undefined;
  const onFault = (error: unknown): void => context.warn('a UDP flow ended by a fault', error);
  const udp = createUdp({ ...context, options: start.udpOptions, onFault });
  for (const { fd, side } of start.udp) udp.listen(fd, side);
  return udp;
}

function watchWakes(wakeFd: number, loop: Loop, woken: () => void): void {
  const count = allocate(8);
  loop.watch(wakeFd, EPOLLIN, {
    ready() {
      read(wakeFd, count.address, 8);
      woken();
    },
    fail(error) {
      throw error;
    },
  });
}

function receiveAll(receive: (message: ToWorker) => void): void {
  if (parentPort === null) return;
  for (;;) {
    const received = receiveMessageOnPort(parentPort);
    if (received === undefined) return;
    receive(received.message as ToWorker);
  }
}

if (parentPort !== null) {
  const port = parentPort;
  work(workerData as WorkerStart, (message) => port.postMessage(message));
}
