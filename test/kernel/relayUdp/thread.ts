/** A thread with the UDP relay in a loop, as the relay's worker runs it; told what to do by messages. */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { parseLine } from '../../../src/plan/relayTable.ts';
import { talliesOf } from '../../../src/relay/counts.ts';
import type { CountMemory } from '../../../src/relay/counts.ts';
import { shareDescriptors } from '../../../src/relay/native/descriptors.ts';
import { createLoop } from '../../../src/relay/native/loop.ts';
import type { Side } from '../../../src/relay/openListeners.ts';
import { serviceStates } from '../../../src/relay/serviceState.ts';
import { createTable } from '../../../src/relay/table.ts';
import { createEndpointAddresses } from '../../../src/relay/tcp/endpointAddresses.ts';
import { createUdp } from '../../../src/relay/udp/udp.ts';
import type { UdpOptions } from '../../../src/relay/udp/udp.ts';

export interface ThreadStart {
  readonly descriptors: SharedArrayBuffer;
  readonly counts: CountMemory;
  readonly options: UdpOptions;
  readonly listeners: readonly { readonly fd: number; readonly side: Side }[];
}

export type ToThread =
  | {
      readonly kind: 'follow';
      readonly lines: readonly string[];
      readonly slots: readonly string[];
    }
  | { readonly kind: 'flows' }
  | { readonly kind: 'unlisten' }
  | { readonly kind: 'stop' };

/** To each message; `fault` comes unasked. */
export type FromThread =
  { readonly kind: 'done'; readonly flows: number } | { readonly kind: 'fault'; text: string };

const POLL_MS = 2;

function serve(start: ThreadStart, port: NonNullable<typeof parentPort>): void {
  const loop = createLoop(() => performance.now());
  const tallyAt = talliesOf(start.counts, 0);
  let slots: readonly string[] = [];
  const table = createTable(serviceStates((name) => tallyAt(slots.indexOf(name)), Math.random));
  const udp = createUdp({
    loop,
    table,
    descriptors: shareDescriptors(start.descriptors, 0),
    addresses: createEndpointAddresses(),
    options: start.options,
    onFault: (error) => port.postMessage({ kind: 'fault', text: String(error) }),
  });
  for (const { fd, side } of start.listeners) udp.listen(fd, side);

  function handle(message: ToThread): void {
    if (message.kind === 'follow') {
      slots = message.slots;
      message.lines.forEach(follow);
    } else if (message.kind === 'unlisten') {
      for (const { fd } of start.listeners) udp.unlisten(fd);
    } else if (message.kind === 'stop') {
      udp.close();
      loop.stop();
    }
    port.postMessage({ kind: 'done', flows: udp.flows() });
  }

  function follow(text: string): void {
    const line = parseLine(text);
    if (line === undefined) throw new Error(`no line: ${text}`);
    table.follow(line);
    udp.changed(line);
  }

  function poll(): void {
    const next = receiveMessageOnPort(port) as { message: ToThread } | undefined;
    if (next !== undefined) handle(next.message);
    loop.after(POLL_MS, poll);
  }

  poll();
  loop.run();
  loop.close();
}

if (parentPort !== null) serve(workerData as ThreadStart, parentPort);
