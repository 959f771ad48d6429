/** What goes over connections that stay: requests one after the other, or bytes without end. */
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import type { BulkResult, RateResult } from './result.ts';
import { targetFor } from './spec.ts';
import type { SpecOf } from './spec.ts';

const REQUEST = 'GET / HTTP/1.1\r\nHost: fairway\r\n\r\n';
const BUFFER_BYTES = 256 * 1024;

/** How it goes on one connection. */
interface Stream {
  /** Called with what came in; nothing of it is kept. */
  readonly onBytes: (socket: Socket, bytes: Buffer) => void;
  /** Once, when it is connected. */
  readonly onConnect?: (socket: Socket) => void;
}

interface Streams {
  readonly targets: readonly string[];
  readonly atOnce: number;
  readonly seconds: number;
}

/** Keep connections busy for a time; resolves with how many of them broke, and the time. */
async function runStreams(
  { targets, atOnce, seconds }: Streams,
  make: () => Stream,
): Promise<{ failed: number; seconds: number }> {
  const began = performance.now();
  let failed = 0;
  const sockets = Array.from({ length: atOnce }, (_, index) => {
    const { onBytes, onConnect } = make();
    const socket: Socket = connect({
      ...targetFor(targets, index),
      noDelay: true,
      onread: {
        // One buffer for all that comes, instead of a new one each time.
        buffer: Buffer.allocUnsafe(BUFFER_BYTES),
        callback: (length, buffer) => {
          onBytes(socket, Buffer.from(buffer.buffer, buffer.byteOffset, length));
          return true;
        },
      },
    });
    socket.on('connect', () => onConnect?.(socket));
    socket.on('error', () => undefined);
    return socket;
  });
  function countBroken(): void {
    failed += 1;
  }
  for (const socket of sockets) socket.on('close', countBroken);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const took = (performance.now() - began) / 1000;
  for (const socket of sockets) {
    socket.off('close', countBroken);
    socket.destroy();
  }
  return { failed, seconds: took };
}

/** One request in flight on each connection. */
export async function runRequests(spec: SpecOf<'requests'>): Promise<RateResult> {
  let count = 0;
  const done = await runStreams(spec, () => {
    let text = '';
    return {
      onConnect: (socket) => {
        socket.write(REQUEST);
      },
      onBytes: (socket, bytes) => {
        text += bytes.toString('latin1');
        const length = answerLength(text);
        if (length === undefined || text.length < length) return;
        text = text.slice(length);
        count += 1;
        socket.write(REQUEST);
      },
    };
  });
  return { kind: 'requests', count, ...done };
}

/** Head and body of the answer that `text` begins with; undefined while the head is not whole. */
function answerLength(text: string): number | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const body = /^content-length: *(\d+)\r$/im.exec(text.slice(0, end + 2))?.[1];
  return end + 4 + Number(body ?? 0);
}

/** From servers that send without end. */
export async function runBulk(spec: SpecOf<'bulk'>): Promise<BulkResult> {
  let bytes = 0;
  const done = await runStreams(spec, () => ({
    onBytes: (_socket, came) => {
      bytes += came.length;
    },
  }));
  return { kind: 'bulk', bytes, ...done };
}
