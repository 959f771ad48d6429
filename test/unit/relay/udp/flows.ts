/** Flows without sockets. */
import { parseLine } from '../../../../src/plan/relayTable.ts';
import type { EndpointAddress, RelayLine } from '../../../../src/plan/relayTable.ts';
import { createCountMemory, talliesOf } from '../../../../src/relay/counts.ts';
import { parseSocketAddress } from '../../../../src/relay/native/socketAddress.ts';
import { serviceStates } from '../../../../src/relay/serviceState.ts';
import { newFlow } from '../../../../src/relay/udp/flow.ts';
import type { Dialled, Flow } from '../../../../src/relay/udp/flow.ts';
import { keyOf } from '../../../../src/relay/udp/socketKey.ts';

const tally = talliesOf(createCountMemory(1), 0)(0);

export function line(text: string): RelayLine {
  const parsed = parseLine(text);
  if (parsed === undefined) throw new Error(`no line: ${text}`);
  return parsed;
}

export function aDialled(service: string, at = '10.96.0.10:53'): Dialled {
  const { ip, port, ...address } = parseSocketAddress(at);
  const key = keyOf({ ip, port, ...address });
  const parsed = line(`destination UDP/4 ${at} service=${service} inside=cluster outside=local`);
  if (parsed.kind !== 'destination') throw new Error(at);
  const { destination } = parsed;
  return { key, address: { ip, port, ...address }, destination, replyFd: 7, flows: new Map() };
}

/** With an endpoint only by name. */
export function aFlow(key: number, parts: Partial<Flow> & { readonly at?: string } = {}): Flow {
  const { dialled = aDialled('default/dns:/UDP/4'), at, list = 'cluster' } = parts;
  const parsed = line(
    `service ${dialled.destination.service} balancing=random affinity=- limit=- proxy-protocol=- cluster=- local=- ending=-`,
  );
  if (parsed.kind !== 'service') throw new Error(dialled.destination.service);
  const state = serviceStates(
    () => tally,
    () => 0,
  ).create(parsed.service);
  const client = new Uint8Array(28);
  const flow = newFlow({ key, dialled, client, clientIp: client.slice(4, 8), state, list }, 0);
  flow.endpoint = at as EndpointAddress | undefined;
  dialled.flows.set(key, flow);
  return flow;
}
