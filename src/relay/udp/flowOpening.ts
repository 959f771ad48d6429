/** How a flow begins, with a client's first datagram. */
import { openDialled } from './dialled.ts';
import type { DialledTable } from './dialledTable.ts';
import type { EndpointSide } from './endpointSide.ts';
import { isShortage } from './endpointSockets.ts';
import { newFlow } from './flow.ts';
import type { Dialled, Flow } from './flow.ts';
import type { FlowTable } from './flowTable.ts';
import type { Datagram } from './receive.ts';
import { socketKey } from './socketKey.ts';
import type { Side, UdpContext } from './udp.ts';
import { SOCKET_ADDRESS_BYTES, ipAt, portAt, readSocketAddress } from '../native/socketAddress.ts';
import type { SystemError } from '../native/systemError.ts';
import type { RelayDestination } from '../../plan/relayTable.ts';

export interface FlowOpeningContext extends Omit<UdpContext, 'addresses' | 'options'> {
  readonly dialleds: DialledTable;
  readonly flows: FlowTable;
  readonly endpointSide: EndpointSide;
  readonly endFlow: (flow: Flow) => void;
}

/** undefined, and counted, when there is none to be had for this datagram. */
export type OpenFlow = (datagram: Datagram, side: Side) => Flow | undefined;

export function createFlowOpening(context: FlowOpeningContext): OpenFlow {
  const { loop, table, descriptors, dialleds, flows, endpointSide, endFlow } = context;

  function begin(
    datagram: Datagram,
    destination: RelayDestination,
    target: Pick<Flow, 'state' | 'list'>,
  ): Flow | undefined {
    const { names, nameAt } = datagram;
    const dialled = dial(datagram, destination, target);
    if (dialled === undefined) return undefined;
    const key = socketKey(names, nameAt);
    const client = names.bytes.slice(nameAt, nameAt + SOCKET_ADDRESS_BYTES);
    const clientIp = ipAt(names, nameAt).slice();
    const flow = newFlow({ key, dialled, client, clientIp, ...target }, loop.now());
    flows.add(flow);
    return flow;
  }

  function dial(
    { controls, dialledAt }: Datagram,
    destination: RelayDestination,
    { state }: Pick<Flow, 'state'>,
  ): Dialled | undefined {
    const key = socketKey(controls, dialledAt);
    const known = dialleds.find(key);
    if (known !== undefined) return known;
    const address = readSocketAddress(controls, dialledAt);
    try {
      const dialled = openDialled({ key, address, destination }, descriptors);
      dialleds.add(dialled);
      return dialled;
    } catch (error) {
      const isShort = isShortage((error as SystemError).errno);
      state.tally.failed(isShort ? 'out-of-files' : 'unreachable');
      context.onFault(error);
      return undefined;
    }
  }

  return (datagram, side) => {
    const { controls, dialledAt } = datagram;
    const port = portAt(controls, dialledAt);
    const destination = table.find('UDP', ipAt(controls, dialledAt), port);
    const state = destination && table.service(destination.service);
    if (destination === undefined || state === undefined) return undefined;
    if (!flows.makeRoom() || !state.tally.enter(state.service.maxConnections)) {
      state.tally.failed('over-limit');
      return undefined;
    }
    const flow = begin(datagram, destination, { state, list: destination[side] });
    if (flow === undefined) state.tally.leave();
    else if (endpointSide.open(flow)) return flow;
    else endFlow(flow);
    return undefined;
  };
}
