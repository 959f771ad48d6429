/**
 * A client that dials on until its standard input ends: connections that stay, with a running counter
 * each, and new ones all the time. Prints what became of them as JSON.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import process from 'node:process';
import { setTimeout as wait } from 'node:timers/promises';
import type { LoadOptions, LoadResult, Target } from './load.ts';

const { targets, paceMs, patienceMs } = JSON.parse(process.argv[2] ?? '') as LoadOptions;
const STREAMS = 3;

/**
 * Source ports of each target alone. IPVS takes the answers of one endpoint to one port of a client
 * for one connection, whichever of a Service's addresses was dialled (ip_vs_conn_out_get), so that
 * a port that chance gives to two targets silences one of them; the limit is IPVS's own.
 */
const PORTS_FROM = 1_100;
const PORTS_EACH = 14_000;

/** Dials from the next of its ports. */
interface Source extends Target {
  nextPort(): number;
}

function sourceOf(target: Target, index: number): Source {
  const first = PORTS_FROM + index * PORTS_EACH;
  let used = 0;
  function nextPort(): number {
    used += 1;
    return first + (used % PORTS_EACH);
  }
  return { ...target, nextPort };
}

let isOver = false;
process.stdin.resume().once('end', () => {
  isOver = true;
});

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

interface Stream {
  /** Why it broke, if it did. */
  broken: string | undefined;
  bytes: number;
  end(): Promise<void>;
}

/** Sends one number after the other and expects each back, in order. */
async function openStream({ host, port, nextPort }: Source): Promise<Stream> {
  const socket = connect({ host, port, localPort: nextPort(), noDelay: true });
  await once(socket, 'connect');
  const stream: Stream = { broken: undefined, bytes: 0, end };
  let [sent, received] = [0, 0];
  let rest: Buffer = Buffer.alloc(0);
  let lastHeard = performance.now();
  socket.on('data', (data: Buffer) => {
    rest = Buffer.concat([rest, data]);
    while (rest.length >= 4) {
      if (rest.readUInt32BE() !== received) stream.broken ??= `expected ${String(received)}`;
      received += 1;
      rest = rest.subarray(4);
    }
    stream.bytes += data.length;
    lastHeard = performance.now();
  });
  socket.on('error', (error) => (stream.broken ??= error.message));
  socket.on('close', () => (stream.broken ??= isOver && received === sent ? undefined : 'closed'));
  const timer = setInterval(() => {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(sent);
    sent += 1;
    socket.write(number);
    if (performance.now() - lastHeard > patienceMs) stream.broken ??= 'silent';
  }, paceMs * 4);

  async function end(): Promise<void> {
    clearInterval(timer);
    const deadline = performance.now() + patienceMs;
    while (received < sent && stream.broken === undefined && performance.now() < deadline) {
      await wait(5);
    }
    if (received < sent) stream.broken ??= `${String(sent - received)} numbers missing`;
    stream.broken ??= undefined;
    socket.destroy();
  }
  return stream;
}

/** One connection with one question; resolves with how long it took, in milliseconds. */
function askTcp({ host, port, nextPort }: Source): Promise<number> {
  const began = performance.now();
  const socket: Socket = connect({ host, port, localPort: nextPort() });
  return new Promise<number>((resolve, reject) => {
    socket.setTimeout(patienceMs, () => reject(new Error('no answer')));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed without an answer')));
    socket.on('data', () => resolve(performance.now() - began));
    socket.write('?');
  }).finally(() => socket.resetAndDestroy());
}

const RESEND_MS = 200;

/** One datagram from a new socket, sent again while nothing comes; resolves with how often. */
async function askUdp({ host, port, nextPort }: Source): Promise<number> {
  const socket = createSocket('udp4').bind(nextPort());
  await once(socket, 'listening');
  const answer = once(socket, 'message');
  socket.on('error', () => undefined);
  let sent = 0;
  const send = (): void => {
    sent += 1;
    socket.send('?', port, host);
  };
  send();
  const timer = setInterval(send, RESEND_MS);
  try {
    const first = await Promise.race([answer, wait(patienceMs, 'late', { ref: false })]);
    if (first === 'late') throw new Error('no answer');
    return sent;
  } finally {
    clearInterval(timer);
    socket.close();
  }
}

function openStreams(target: Source): Promise<readonly Stream[]> {
  return Promise.all(Array.from({ length: STREAMS }, () => openStream(target)));
}

async function load(target: Source, streams: readonly Stream[]): Promise<LoadResult> {
  const result = {
    ...{ target: target.name, tcp: 0, udp: 0, resent: 0, slowestMs: 0 },
    failures: [] as string[],
  };
  const running = new Set<Promise<void>>();
  function follow(kind: string, asked: Promise<void>): void {
    const one = asked
      .catch((error: unknown) => {
        result.failures.push(`${kind}: ${message(error)}`);
      })
      .finally(() => running.delete(one));
    running.add(one);
  }
  while (!isOver) {
    result.tcp += 1;
    follow(
      'tcp',
      askTcp(target).then((ms) => {
        result.slowestMs = Math.max(result.slowestMs, Math.round(ms));
      }),
    );
    result.udp += 1;
    follow(
      'udp',
      askUdp(target).then((sent) => {
        result.resent += sent - 1;
      }),
    );
    await wait(paceMs);
  }
  await Promise.all(running);
  await Promise.all(streams.map((stream) => stream.end()));
  const broken = streams.flatMap((stream) => stream.broken ?? []);
  const bytes = streams.reduce((sum, stream) => sum + stream.bytes, 0);
  return { ...result, broken, bytes };
}

const opened = await Promise.all(
  targets.map(sourceOf).map(async (target) => ({ target, streams: await openStreams(target) })),
);
console.log('ready');
const loads = opened.map(({ target, streams }) => load(target, streams));
console.log(JSON.stringify(await Promise.all(loads)));
process.exit(0);
