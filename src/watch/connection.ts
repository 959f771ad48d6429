/**
 * Requests to the API server over node:http(s). Not through the client library, whose import costs
 * 0.6 s and 85 MB, nor through undici (0.1 s, 25 MB): a stream of bytes with an idle limit is all
 * that lists and watches need, and node:https is there anyway (got as serve/listen.ts says).
 */
import type { Agent, IncomingMessage } from 'node:http';
import type { RequestOptions } from 'node:https';
import process from 'node:process';
import { isDeepStrictEqual } from 'node:util';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { AnsweredRequest } from '../observe/restClientMetrics.ts';
import { ApiError, parseStatus } from './apiError.ts';
import type { Cluster, Credentials, TlsMaterial } from './cluster.ts';

const http = process.getBuiltinModule('node:http');
const https = process.getBuiltinModule('node:https');

/** One API server. */
export interface Connection {
  /** The body of the answer to a GET; throws ApiError when that is not 2xx. */
  get(request: GetRequest): Promise<Readable>;
  /** POST an object as JSON; throws ApiError when the answer is not 2xx. */
  post(path: string, body: unknown, signal: AbortSignal): Promise<void>;
  /** The server does not accept our credentials any more. */
  renewCredentials(): void;
  /** Close what is kept open for further requests. */
  close(): void;
}

export interface GetRequest {
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
}

export interface ConnectionOptions {
  /**
   * Give a connection up after so long without a byte. Bookmarks come about once a minute, so a
   * healthy watch is never silent for long, while a connection whose other end vanished without a
   * word (a failed machine, a firewall that forgot the flow) would be waited on for ever.
   */
  readonly inactivityMs?: number;
  readonly observer?: RequestObserver;
}

export interface RequestObserver {
  /** A request's answer begins, or there will be none. */
  answered(request: AnsweredRequest): void;
}

const INACTIVITY_MS = 180_000;

/** When TCP begins to probe a quiet connection; below what load balancers usually allow. */
const KEEP_ALIVE_MS = 30_000;

/** Error bodies are read for their message only. */
const ERROR_BODY_BYTES = 64 * 1024;

export function connectTo(cluster: Cluster, options: ConnectionOptions = {}): Connection {
  const agents = agentCache(cluster.server);
  const { inactivityMs = INACTIVITY_MS, observer } = options;

  async function send(request: Outgoing): Promise<IncomingMessage> {
    const credentials = await cluster.credentials();
    const target: RequestOptions = {
      method: request.method,
      signal: request.signal,
      headers: { 'user-agent': 'fairway', ...request.headers, ...credentials.headers },
      agent: agents.agentFor(credentials),
    };
    const url = requestUrl(cluster.server, request);
    const { method } = request;
    const began = performance.now();
    const tell = (code: number | undefined): void =>
      observer?.answered({
        method,
        host: url.host,
        code,
        seconds: (performance.now() - began) / 1000,
      });
    const answer = await exchange({ url, target, body: request.body, inactivityMs }).catch(
      (error: unknown) => {
        tell(undefined);
        throw error;
      },
    );
    tell(answer.statusCode);
    if (isSuccess(answer)) return answer;
    throw await apiErrorOf(answer);
  }

  return {
    async get({ path, query, signal }) {
      const headers = { accept: 'application/json', 'accept-encoding': 'gzip' };
      return decoded(await send({ method: 'GET', path, query, headers, signal }));
    },
    async post(path, body, signal) {
      const headers = { accept: 'application/json', 'content-type': 'application/json' };
      const text = JSON.stringify(body);
      const answer = await send({ method: 'POST', path, query: {}, headers, body: text, signal });
      // Unread answers would keep the socket from being used again.
      answer.resume();
    },
    renewCredentials() {
      cluster.renew();
    },
    close() {
      agents.close();
    },
  };
}

interface Outgoing {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

function requestUrl(server: URL, { path, query }: Outgoing): URL {
  const url = new URL(server);
  // The address may have a path of its own, as behind a proxy for many clusters.
  url.pathname = url.pathname.replace(/\/$/, '') + path;
  url.search = new URLSearchParams(query).toString();
  return url;
}

interface Exchange {
  readonly url: URL;
  readonly target: RequestOptions;
  readonly body: string | undefined;
  readonly inactivityMs: number;
}

function exchange({ url, target, body, inactivityMs }: Exchange): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { request: start } = url.protocol === 'http:' ? http : https;
    const request = start(url, target);
    let answer: IncomingMessage | undefined;
    request.on('response', (response) => {
      answer = response;
      resolve(response);
    });
    request.on('error', reject);
    request.setSocketKeepAlive(true, KEEP_ALIVE_MS);
    request.setTimeout(inactivityMs, () => {
      const error = new Error(`no byte for ${String(inactivityMs)} ms`);
      // Destroying the request alone would tell the reader of the answer only `aborted`.
      answer?.destroy(error);
      request.destroy(error);
    });
    request.end(body);
  });
}

function isSuccess({ statusCode }: IncomingMessage): boolean {
  return statusCode !== undefined && statusCode >= 200 && statusCode < 300;
}

/** Large lists come compressed, which saves nine tenths of what 5,000 nodes ask for at once. */
function decoded(answer: IncomingMessage): Readable {
  if (answer.headers['content-encoding'] !== 'gzip') return answer;
  // The callback may stay empty: pipeline has destroyed the result with the error.
  return pipeline(answer, createGunzip(), () => undefined);
}

async function apiErrorOf(answer: IncomingMessage): Promise<ApiError> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(answer) as AsyncIterable<Buffer>) {
    pieces.push(chunk);
    size += chunk.length;
    if (size > ERROR_BODY_BYTES) break;
  }
  const body = Buffer.concat(pieces).toString('utf8');
  const seconds = Number(answer.headers['retry-after']);
  const retryAfterMs = seconds > 0 ? seconds * 1000 : undefined;
  return new ApiError(answer.statusCode ?? 0, parseStatus(body), retryAfterMs);
}

interface AgentCache {
  agentFor(credentials: Credentials): Agent;
  close(): void;
}

/** Keeps connections open between requests for as long as the certificates stay the same. */
function agentCache(server: URL): AgentCache {
  let material: TlsMaterial = {};
  let agent: Agent | undefined;
  return {
    agentFor(credentials) {
      if (credentials.agent !== undefined) return credentials.agent;
      if (agent !== undefined && isDeepStrictEqual(material, credentials.tls)) return agent;
      // The former agent is left alone: other watches still run over its connections.
      material = credentials.tls;
      const keepAlive = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_MS };
      agent =
        server.protocol === 'http:'
          ? new http.Agent(keepAlive)
          : new https.Agent({ ...keepAlive, ...material });
      return agent;
    },
    close() {
      agent?.destroy();
      agent = undefined;
    },
  };
}
