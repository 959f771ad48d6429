/** An HTTP server that strangers may talk to: small requests, short waits, clear errors. */
import type { IncomingMessage, Server, ServerOptions, ServerResponse } from 'node:http';
import process from 'node:process';
import { pipeline } from 'node:stream';
import { textAnswer } from './answer.ts';
import type { Answer } from './answer.ts';

/**
 * Not imported: an import of node:http reads each of its exports, WebSocket too, and that loads
 * undici: 40 ms, and 2.3 MB of an agent's memory (Node 26).
 */
const { createServer } = process.getBuiltinModule('node:http');

export interface ListenOptions {
  readonly host: string;
  /** 0 lets the kernel choose. */
  readonly port: number;
  /** Leave IPv4 clients of `::` to another listener. */
  readonly isIpv6Only?: boolean;
  /** What the operator can do if it fails; ends the error's message. */
  readonly advice: string;
  readonly answer: (request: IncomingMessage, gone: AbortSignal) => Answer | Promise<Answer>;
}

export interface Listener {
  /** The port that was bound. */
  readonly port: number;
  /** Accept nothing more, from this call on; resolves when the answers under way are out. */
  close(): Promise<void>;
}

/** An address could not be bound. The message is one line that says what to do. */
export class ListenError extends Error {
  /** As Node names it: EADDRINUSE, EACCES, … */
  readonly code: string;

  constructor(message: string, code: string, cause: unknown) {
    super(message, { cause });
    this.name = 'ListenError';
    this.code = code;
  }
}

/** Requests here are one line and a few headers; who takes longer for them is not served. */
const LIMITS: ServerOptions = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 2_000,
  maxHeaderSize: 8_192,
};

/** Without progress for so long, for example because the client does not read, a client is cut. */
const SOCKET_IDLE_MS = 10_000;

const MAX_CONNECTIONS = 512;

/** How long answers under way may take after `close`. */
const CLOSE_GRACE_MS = 2_000;

/** Rejects with a ListenError when the address cannot be bound. */
export async function listen(options: ListenOptions): Promise<Listener> {
  const { host, port, isIpv6Only = false } = options;
  const server = createServer(LIMITS, (request, response) => {
    const gone = new AbortController();
    response.once('close', () => {
      gone.abort();
    });
    const answerOf: Answering = () => options.answer(request, gone.signal);
    // What we need for an answer is no fault of the client: a profile takes a while.
    request.socket.setTimeout(0);
    void answerRequest(server, answerOf).then((answer) => {
      request.socket.setTimeout(SOCKET_IDLE_MS);
      send(response, answer);
    });
  });
  server.setTimeout(SOCKET_IDLE_MS);
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    // Stays for later errors too: without a listener, one connection that could not be accepted
    // (too many open files) would end the whole agent.
    server.on('error', (error) => {
      reject(listenError(options, error));
    });
    server.listen({ host, port, ipv6Only: isIpv6Only }, resolve);
  });
  return { port: boundPort(server, port), close: () => close(server) };
}

type Answering = () => Answer | Promise<Answer>;

async function answerRequest(server: Server, answerOf: Answering): Promise<Answer> {
  const answer = await answerOrError(answerOf);
  // Once closed, a kept connection would only hold up the end.
  if (server.listening) return answer;
  return { ...answer, headers: { ...answer.headers, Connection: 'close' } };
}

async function answerOrError(answerOf: Answering): Promise<Answer> {
  try {
    return await answerOf();
  } catch (error) {
    return textAnswer(500, `cannot answer: ${String(error)}\n`);
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  if (typeof body !== 'string') {
    response.writeHead(status, headers);
    // The callback may stay empty: both are destroyed, and the client sees that it is not whole.
    pipeline(body, response, () => undefined);
    return;
  }
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(body) });
  // For HEAD, Node itself leaves the body out.
  response.end(body);
}

function boundPort(server: Server, asked: number): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : asked;
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // A client that connected and says nothing counts as under way, hence the limit.
    const limit = setTimeout(() => {
      server.closeAllConnections();
    }, CLOSE_GRACE_MS);
    server.close(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}

function listenError({ host, port, advice }: ListenOptions, cause: Error): ListenError {
  const code = 'code' in cause ? String(cause.code) : 'unknown';
  const address = `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  const reason = reasonOf(code, port) ?? cause.message;
  return new ListenError(`cannot listen on ${address}: ${reason}; ${advice}`, code, cause);
}

function reasonOf(code: string, port: number): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return `another program has this port (ss -ltnp 'sport = :${String(port)}' shows which)`;
    case 'EACCES':
      return 'not permitted (ports below 1024 need root or CAP_NET_BIND_SERVICE)';
    case 'EADDRNOTAVAIL':
      return 'this node has no such address';
    case 'EAFNOSUPPORT':
      return 'this node has no IPv6';
    default:
      return undefined;
  }
}
