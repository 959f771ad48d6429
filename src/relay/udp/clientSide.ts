/** From a client's datagram to its flow. */
import type { Dialled } from './flow.ts';
import { createFlowOpening } from './flowOpening.ts';
import type { FlowOpeningContext } from './flowOpening.ts';
import type { Keeper } from './keep.ts';
import type { Datagram } from './receive.ts';
import { socketKey } from './socketKey.ts';
import type { Side } from '../openListeners.ts';

export interface ClientSideContext extends FlowOpeningContext {
  readonly keeper: Keeper;
}

/** Hands a datagram on, or drops it where there is nobody to hand it to. */
export type HandOn = (datagram: Datagram, side: Side) => void;

export function createClientSide(context: ClientSideContext): HandOn {
  const { loop, dialleds, flows, endpointSide, keeper, letDown, faulted } = context;
  const openFlow = createFlowOpening(context);
  /** Most datagrams are for the same address as the one before. */
  let last: Dialled | undefined;

  function findDialled({ controls, dialledAt }: Datagram): Dialled | undefined {
    const key = socketKey(controls, dialledAt);
    if (last?.key !== key || last.replyFd === -1) last = dialleds.find(key);
    return last;
  }

  return (datagram, side) => {
    const { names, nameAt, payload, payloadAt, length } = datagram;
    const known = findDialled(datagram)?.flows.get(socketKey(names, nameAt));
    const flow = known ?? openFlow(datagram, side);
    if (flow === undefined) return;
    try {
      flows.clientSpoke(flow, loop.now());
      flow.state.tally.movedToEndpoint(length);
      if (!endpointSide.send(flow, payload.address + payloadAt, length)) return letDown(flow);
      keeper.keep(flow, payload.bytes.subarray(payloadAt, payloadAt + length));
    } catch (error) {
      faulted(flow, error);
    }
  };
}
