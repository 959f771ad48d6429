/**
 * The UDP relay in a worker's loop: a flow for each client and dialled address, with a socket
 * connected to its endpoint; answers leave by a socket bound to what the client dialled.
 */
import { createClientSide } from './clientSide.ts';
import { createDialledTable } from './dialledTable.ts';
import { createEndpointSide } from './endpointSide.ts';
import type { Flow } from './flow.ts';
import { createFlowTable } from './flowTable.ts';
import type { FlowLimits, FlowTable } from './flowTable.ts';
import { createFaults } from './faults.ts';
import { createKeeper } from './keep.ts';
import { createReceiver } from './receive.ts';
import type { Datagram } from './receive.ts';
import { createRefusals } from './refusal.ts';
import { createReplies } from './replies.ts';
import { flowsEndedBy } from './tableChange.ts';
import type { RelayLine } from '../../plan/relayTable.ts';
import { EPOLLIN, SOL_SOCKET, SO_RCVBUFFORCE } from '../native/constants.ts';
import type { Descriptors } from '../native/descriptors.ts';
import type { Loop } from '../native/loop.ts';
import { setInt } from '../native/sockets.ts';
import type { Side } from '../openListeners.ts';
import type { ServiceState } from '../serviceState.ts';
import type { Table } from '../table.ts';
import type { EndpointAddresses } from '../tcp/endpointAddresses.ts';

export interface UdpOptions extends FlowLimits {
  /** Most bytes of unanswered datagrams that are kept, to be sent again elsewhere. */
  readonly mostKeptBytes: number;
}

/** As kube-proxy leaves conntrack's: 30 s, and 120 s for a stream. */
export const UDP_DEFAULTS: UdpOptions = {
  mostFlows: 4096,
  oneWayMs: 30_000,
  twoWayMs: 120_000,
  mostKeptBytes: 16 * 1024 * 1024,
};

export interface UdpContext {
  readonly loop: Loop;
  readonly descriptors: Descriptors;
  readonly addresses: EndpointAddresses;
  readonly table: Table<ServiceState>;
  readonly options: UdpOptions;
  /** Something that should not have happened ended one flow, or lost a datagram; told rarely. */
  readonly onFault: (error: unknown) => void;
}

export interface Udp {
  /** Serve a listener, which tells what clients dialled (IP_RECVORIGDSTADDR). */
  listen(fd: number, side: Side): void;
  /** Serve it no longer; flows go on to be answered. */
  unlisten(fd: number): void;
  /** To be called after the table has followed the line: flows that it ends, end at once. */
  changed(line: RelayLine): void;
  /** How many flows there are. */
  flows(): number;
  /** End all flows, and do nothing more. */
  close(): void;
}

/** While the loop does other things, that many bytes wait. */
const WAITING_BYTES = 8 * 1024 * 1024;

export function createUdp(context: UdpContext): Udp {
  const { loop, descriptors, table, options } = context;
  const fail = createFaults(loop.now, context.onFault);
  const refuse = createRefusals(loop.now);
  const keeper = createKeeper(options.mostKeptBytes);
  const dialleds = createDialledTable(descriptors);
  const flows = createFlowTable(options, endFlow);
  const replies = createReplies(loop.soon);
  const common = { ...context, onFault: fail, keeper, dialleds, flows, letDown, faulted };
  const endpointSide = createEndpointSide({ ...common, freeDescriptor: flows.evict, readable });
  const handOn = createClientSide({ ...common, endpointSide });
  const receive = createReceiver();
  const stopSweeping = startSweeping(loop, flows);

  function endFlow(flow: Flow): void {
    if (flow.dialled.flows.get(flow.key) !== flow) return;
    endpointSide.close(flow);
    keeper.drop(flow);
    flows.remove(flow);
    flow.state.tally.leave();
    if (flow.dialled.flows.size > 0) return;
    // Answers of this round still go out by its socket.
    replies.flush();
    dialleds.close(flow.dialled);
  }

  function readable(flow: Flow): void {
    const length = endpointSide.receive(flow, replies.room());
    if (length === undefined) return letDown(flow);
    if (length === -1) return;
    flows.endpointSpoke(flow, loop.now());
    flow.state.tally.movedToClient(length);
    replies.push(flow, length);
  }

  function letDown(flow: Flow): void {
    endFlow(flow);
    refuse(flow);
  }

  function faulted(flow: Flow, error: unknown): void {
    fail(error);
    endFlow(flow);
  }

  return {
    listen(fd, side) {
      setInt(fd, SOL_SOCKET, SO_RCVBUFFORCE, WAITING_BYTES);
      const handle = (datagram: Datagram): void => handOn(datagram, side);
      loop.watch(fd, EPOLLIN, { ready: () => receive(fd, handle), fail });
    },
    unlisten: loop.unwatch,
    changed: (line) => flowsEndedBy(line, dialleds, table).forEach(endFlow),
    flows: flows.size,
    close() {
      stopSweeping();
      for (const { flows: each } of dialleds.all()) [...each.values()].forEach(endFlow);
    },
  };
}

/** How often idle flows are ended, in milliseconds. */
const SWEEP_MS = 1000;

/** Returns how to stop it. */
function startSweeping(loop: Loop, flows: FlowTable): () => void {
  let timer = loop.after(SWEEP_MS, sweep);
  function sweep(): void {
    flows.expire(loop.now());
    timer = loop.after(SWEEP_MS, sweep);
  }
  return () => timer.stop();
}
