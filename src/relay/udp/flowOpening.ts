/** How a flow begins, with a client's first datagram. */
import type { DialledTable } from './dialledTable.ts';
import type { EndpointSide } from './endpointSide.ts';
import { isShortage } from './endpointSockets.ts';
import { newFlow } from './flow.ts';
import type { Dialled, Flow } from './flow.ts';
import type { FlowTable } from './flowTable.ts';
import type { Datagram } from './receive.ts';
import { socketKey } from './socketKey.ts';
import type { UdpContext } from './udp.ts';
import type { Side } from '../openListeners.ts';
import { SOCKET_ADDRESS_BYTES, ipAt, portAt, readSocketAddress } from '../native/socketAddress.ts';
import type { SystemError } from '../native/systemError.ts';
import type { ServiceState } from '../serviceState.ts';
import type { RelayDestination } from '../../plan/relayTable.ts';

export interface FlowOpeningContext extends Omit<UdpContext, 'addresses' | 'options'> {
  readonly dialleds: DialledTable;
  readonly flows: FlowTable;
  readonly endpointSide: EndpointSide;
  /** No endpoint serves the flow: tell its client, and end it. */
  readonly letDown: (flow: Flow) => void;
  /** Something that should not have happened ends the flow. */
  readonly faulted: (flow: Flow, error: unknown) => void;
}

/** In one round of the loop, so many flows begin at any rate. */
const ROUND = 16;
/** Any more only in place of a flow that has been idle for that long, in milliseconds. */
const IDLE_MS = 1000;

/** undefined, and counted, when there is none to be had for this datagram. */
export type OpenFlow = (datagram: Datagram, side: Side) => Flow | undefined;

export function createFlowOpening(context: FlowOpeningContext): OpenFlow {
  const { loop, table, flows, endpointSide, letDown, faulted } = context;
  const idleNeeded = createPace(loop.now);

  function begin(
    datagram: Datagram,
    destination: RelayDestination,
    target: Pick<Flow, 'state' | 'list'>,
  ): Flow | undefined {
    const { names, nameAt } = datagram;
    const dialled = openDialled(datagram, destination, target.state, context);
    if (dialled === undefined) return undefined;
    const key = socketKey(names, nameAt);
    const client = names.bytes.slice(nameAt, nameAt + SOCKET_ADDRESS_BYTES);
    const clientIp = ipAt(names, nameAt).slice();
    const flow = newFlow({ key, dialled, client, clientIp, ...target }, loop.now());
    flows.add(flow);
    return flow;
  }

  function assigned(flow: Flow): Flow | undefined {
    try {
      if (endpointSide.open(flow)) return flow;
      letDown(flow);
    } catch (error) {
      faulted(flow, error);
    }
    return undefined;
  }

  return (datagram, side) => {
    const { controls, dialledAt: at } = datagram;
    const destination = table.find('UDP', ipAt(controls, at), portAt(controls, at));
    const state = destination && table.service(destination.service);
    if (destination === undefined || state === undefined) return undefined;
    if (
      !flows.makeRoom(loop.now(), idleNeeded()) ||
      !state.tally.enter(state.service.maxConnections)
    ) {
      state.tally.failed('over-limit');
      return undefined;
    }
    const flow = begin(datagram, destination, { state, list: destination[side] });
    if (flow === undefined) state.tally.leave();
    return flow && assigned(flow);
  };
}

/**
 * A flow costs twenty times what a datagram of a running one does: in a flood of new ones, most are
 * dropped so that those that run are served in time. Returns the idle time to ask of an old flow.
 */
function createPace(now: () => number): () => number {
  let round = -Infinity;
  let begun = 0;
  return () => {
    if (round !== now()) begun = 0;
    round = now();
    begun += 1;
    return begun > ROUND ? IDLE_MS : 0;
  };
}

/** Counted and told when it cannot be had. */
function openDialled(
  { controls, dialledAt }: Datagram,
  destination: RelayDestination,
  { tally }: ServiceState,
  { dialleds, onFault }: FlowOpeningContext,
): Dialled | undefined {
  const key = socketKey(controls, dialledAt);
  const address = readSocketAddress(controls, dialledAt);
  try {
    return dialleds.open({ key, address, destination });
  } catch (error) {
    const isShort = isShortage((error as SystemError).errno);
    tally.failed(isShort ? 'out-of-files' : 'unreachable');
    onFault(error);
    return undefined;
  }
}
