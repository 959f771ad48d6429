/**
 * A load generator that waits for orders, one for each place that is measured from. Orders come over
 * HTTP, with a token: whoever could give them could have any address flooded.
 *
 *   GET  /readyz   200 once it listens; needs no token
 *   POST /run      a LoadSpec; answers what was measured
 *   POST /fetch    { port, path }: GET from a port of 127.0.0.1 here; answers { status, body }
 */
import { timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { createServer, request as startRequest } from 'node:http';
import type { IncomingMessage, Server } from 'node:http';
import { z } from 'zod';
import { runLoad } from './runLoad.ts';
import { loadSpecSchema } from './spec.ts';

export const TOKEN_HEADER = 'x-fairway-token';

export interface ProbeOptions {
  /** A path of a Unix socket, which reaches across network namespaces; or an address and a port. */
  readonly at: { readonly path: string } | { readonly host: string; readonly port: number };
  readonly token: string;
}

export interface RunningProbe {
  /** The port that was bound; 0 for a Unix socket. */
  readonly port: number;
  close(): Promise<void>;
}

const fetchSchema = z.strictObject({
  port: z.number().int().min(1).max(65_535),
  path: z.string().regex(/^\/[\w/?=&.-]*$/),
});
export type LocalFetch = z.infer<typeof fetchSchema>;

/** Orders are small. */
const LARGEST_ORDER = 64 * 1024;
/** Metrics of an agent with many Services are some 100 KiB. */
const LARGEST_FETCH = 16 * 1024 * 1024;
const FETCH_TIMEOUT_MS = 5000;

interface Reply {
  readonly status: number;
  readonly body: string;
}

/** Rejects when the address cannot be bound. */
export async function startProbe({ at, token }: ProbeOptions): Promise<RunningProbe> {
  const server = createServer((request, response) => {
    void reply(request, token).then(({ status, body }) => {
      const connection = status === 200 ? {} : { Connection: 'close' };
      response.writeHead(status, { 'Content-Type': 'application/json', ...connection }).end(body);
    });
  });
  // A load may take minutes, and its order waits for it.
  server.requestTimeout = 0;
  if ('path' in at) rmSync(at.path, { force: true });
  server.listen('path' in at ? { path: at.path } : at);
  await once(server, 'listening');
  return { port: portOf(server), close: () => close(server) };
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await closed;
}

async function reply(request: IncomingMessage, token: string): Promise<Reply> {
  if (request.url === '/readyz') return { status: 200, body: '"ready"' };
  if (!isSame(request.headers[TOKEN_HEADER], token)) return problem(401, 'the token is wrong');
  if (request.method !== 'POST') return problem(405, 'expected POST');
  try {
    const order: unknown = JSON.parse(await limitedText(request, LARGEST_ORDER));
    if (request.url === '/run') return await obey(loadSpecSchema, order, runLoad);
    if (request.url === '/fetch') return await obey(fetchSchema, order, fetchLocally);
    return problem(404, 'expected /run or /fetch');
  } catch (error) {
    return problem(500, String(error));
  }
}

function isSame(given: string | readonly string[] | undefined, token: string): boolean {
  const [a, b] = [Buffer.from(String(given)), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function problem(status: number, message: string): Reply {
  return { status, body: JSON.stringify({ problem: message }) };
}

async function obey<T>(
  schema: z.ZodType<T>,
  order: unknown,
  run: (order: T) => Promise<unknown>,
): Promise<Reply> {
  const parsed = schema.safeParse(order);
  if (!parsed.success) return problem(400, z.prettifyError(parsed.error));
  return { status: 200, body: JSON.stringify(await run(parsed.data)) };
}

/** Rejects for more than `limit` bytes; the rest of them is not kept. */
function limitedText(stream: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) pieces.push(chunk);
      else reject(new Error(`expected at most ${String(limit)} bytes`));
    });
    stream.on('end', () => {
      resolve(Buffer.concat(pieces).toString());
    });
    stream.on('error', reject);
  });
}

/** Of this host only: what listens on 127.0.0.1 is out of reach for whoever gives the order. */
async function fetchLocally({ port, path }: LocalFetch): Promise<Reply> {
  const request = startRequest({ host: '127.0.0.1', port, path, timeout: FETCH_TIMEOUT_MS });
  request.on('timeout', () => request.destroy(new Error('no answer in time')));
  request.end();
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, body: await limitedText(answer, LARGEST_FETCH) };
}
