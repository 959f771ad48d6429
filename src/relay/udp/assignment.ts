/** Which endpoint a flow has. */
import { isShortage } from './endpointSockets.ts';
import type { EndpointSockets } from './endpointSockets.ts';
import type { Flow } from './flow.ts';
import { ECONNREFUSED } from '../native/constants.ts';
import type { Failure } from '../relay.ts';

export interface Assignment {
  /** Give the flow an endpoint; false, and counted, when there is none for it. */
  assign(flow: Flow): boolean;
  /** Its endpoint failed with that errno: count it, and do not try it again. */
  leave(flow: Flow, number: number): void;
  /** Its endpoint has answered for the first time. */
  works(flow: Flow): void;
  /** The flow is over. */
  end(flow: Flow): void;
}

export function createAssignment(sockets: EndpointSockets, now: () => number): Assignment {
  function end(flow: Flow): void {
    if (flow.endpoint !== undefined) flow.state.picker.ended(flow.endpoint);
    flow.endpoint = undefined;
    sockets.close(flow);
  }

  function leave(flow: Flow, number: number): void {
    const { endpoint, state, clientIp, tried } = flow;
    end(flow);
    if (endpoint === undefined) return;
    tried.push(endpoint);
    state.tally.failed(number === ECONNREFUSED ? 'refused' : 'unreachable');
    state.picker.failed(endpoint, clientIp, now());
  }

  return {
    assign(flow) {
      const { state, clientIp, list, tried } = flow;
      for (;;) {
        const endpoint = state.picker.pick(clientIp, list, tried, now());
        if (endpoint === undefined) return letDown(flow, 'no-endpoint');
        if (tried.length > 0) state.tally.retried();
        const number = sockets.open(flow, endpoint);
        if (isShortage(number)) return letDown(flow, 'out-of-files');
        state.picker.assigned(endpoint, clientIp, now());
        flow.endpoint = endpoint;
        if (number === 0) return true;
        leave(flow, number);
      }
    },
    leave,
    works(flow) {
      const { endpoint, state } = flow;
      flow.tried = [];
      if (endpoint !== undefined) state.picker.answered(endpoint, now());
    },
    end,
  };
}

/** Counted only where no endpoint's failure was counted before. */
function letDown({ tried, state }: Flow, kind: Failure): false {
  if (tried.length === 0) state.tally.failed(kind);
  return false;
}
