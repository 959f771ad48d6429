/** Random bytes in random pieces, and what came of them. */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Numbers from 0 to 1, always the same for a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Length and hash of a stream. */
export type Digest = string;

/** Write that many bytes in pieces of all sizes, with pauses between some, and then the end. */
export async function pour(socket: Socket, length: number, random: () => number): Promise<Digest> {
  const hash = createHash('sha256');
  for (let left = length; left > 0;) {
    // Small ones are as likely as large ones.
    const size = Math.min(left, Math.ceil(2 ** (random() * 20)));
    const piece = Buffer.alloc(size, Buffer.from([random() * 256, left, left >> 8, size]));
    hash.update(piece);
    left -= size;
    if (!socket.write(piece)) await once(socket, 'drain');
    if (random() < 0.02) await sleep(random() * 10);
  }
  socket.end();
  return `${length} ${hash.digest('hex')}`;
}

/** What comes until the end, read with pauses between. */
export async function drink(socket: Socket, random: () => number): Promise<Digest> {
  const hash = createHash('sha256');
  let length = 0;
  socket.resume();
  socket.on('data', (piece: Buffer) => {
    length += piece.length;
    hash.update(piece);
    if (random() > 0.02) return;
    socket.pause();
    void sleep(random() * 10).then(() => socket.resume());
  });
  await once(socket, 'end');
  return `${length} ${hash.digest('hex')}`;
}
