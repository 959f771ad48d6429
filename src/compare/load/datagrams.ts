/** UDP: how long a datagram and its answer take, and how many there can be. */
import { createSocket } from 'node:dgram';
import type { Socket } from 'node:dgram';
import { once } from 'node:events';
import { attemptList, codeOf } from './attempts.ts';
import { openLoop } from './pace.ts';
import type { RateResult, RoundTripResult } from './result.ts';
import { targetFor } from './spec.ts';
import type { SpecOf } from './spec.ts';

/** A DNS question's size. */
const BYTES = 64;

/** Connected, because only then does the kernel report that nobody listens. */
async function openFlow(targets: readonly string[], index: number): Promise<Socket> {
  const { host, port } = targetFor(targets, index);
  const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  socket.connect(port, host);
  await once(socket, 'connect');
  return socket;
}

interface Waiting {
  readonly atMs: number;
  readonly from: number;
  readonly timer: NodeJS.Timeout;
}

/** At a pace, over one flow for each target; what is not answered in time has failed. */
export async function runRoundTrips(spec: SpecOf<'udpRoundTrip'>): Promise<RoundTripResult> {
  const attempts = attemptList();
  const waiting = new Map<number, Waiting>();
  function end(index: number, failure: string): void {
    const one = waiting.get(index);
    if (one === undefined) return;
    clearTimeout(one.timer);
    waiting.delete(index);
    attempts.add(one.atMs, one.from, failure);
  }
  const flows = await Promise.all(spec.targets.map((_, index) => openFlow(spec.targets, index)));
  for (const flow of flows) {
    flow.on('message', (message) => {
      if (message.length === BYTES) end(message.readUInt32BE(), '');
    });
    // The refusal of one is told at the next; which one it was the kernel does not say.
    flow.on('error', () => undefined);
  }
  const latestMs = await openLoop(spec, ({ atMs, from }, index) => {
    const message = Buffer.alloc(BYTES);
    message.writeUInt32BE(index);
    waiting.set(index, { atMs, from, timer: setTimeout(end, spec.timeoutMs, index, 'timeout') });
    flows[index % flows.length]?.send(message, (error) => {
      if (error) end(index, codeOf(error));
    });
  });
  while (waiting.size > 0) await new Promise((resolve) => setTimeout(resolve, DRAIN_MS));
  for (const flow of flows) flow.close();
  return { kind: 'udpRoundTrip', ...attempts.columns, latestMs };
}

const DRAIN_MS = 5;

/** After so long, a datagram of a flow counts as lost and another is sent. */
const LOST_MS = 200;

/** One datagram in flight on each of `atOnce` flows, as fast as they come back. */
export async function runPackets(spec: SpecOf<'udpPackets'>): Promise<RateResult> {
  const { targets, atOnce, seconds } = spec;
  let [count, failed] = [0, 0];
  const flows = await Promise.all(
    Array.from({ length: atOnce }, (_, index) => openFlow(targets, index)),
  );
  const message = Buffer.alloc(BYTES);
  const began = performance.now();
  const timers = flows.map((flow) => {
    let answers = 0;
    let seen = 0;
    flow.on('message', () => {
      count += 1;
      answers += 1;
      flow.send(message);
    });
    flow.on('error', () => undefined);
    flow.send(message);
    return setInterval(() => {
      if (answers > seen) {
        seen = answers;
        return;
      }
      failed += 1;
      flow.send(message);
    }, LOST_MS);
  });
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const took = (performance.now() - began) / 1000;
  for (const timer of timers) clearInterval(timer);
  for (const flow of flows) flow.close();
  return { kind: 'udpPackets', count, failed, seconds: took };
}
