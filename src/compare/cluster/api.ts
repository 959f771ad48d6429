/** Requests to the API server of the cluster that is compared on. */
import * as http from 'node:http';
import * as https from 'node:https';
import { text } from 'node:stream/consumers';
import { ApiError, parseStatus } from '../../watch/apiError.ts';
import type { Cluster } from '../../watch/cluster.ts';

export type Json = Readonly<Record<string, unknown>>;

export interface Api {
  get(path: string): Promise<unknown>;
  create(path: string, object: Json): Promise<unknown>;
  /** A JSON merge patch (RFC 7386). */
  patch(path: string, change: Json): Promise<unknown>;
  /** Nothing to remove is fine. */
  remove(path: string): Promise<void>;
  /** Hand a body to a path and get one back, as proxies to pods do. */
  exchange(path: string, body: string, headers: Readonly<Record<string, string>>): Promise<string>;
}

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';

interface Order {
  readonly method: Method;
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A load through a proxy takes minutes and sends no byte until it is done. */
const SILENCE_MS = 15 * 60_000;
const LARGEST_ANSWER = 64 * 1024 * 1024;

/** Every method throws ApiError for an answer that is not 2xx. */
export function apiOf(cluster: Cluster): Api {
  async function send({ method, path, body, headers = {} }: Order): Promise<string> {
    const credentials = await cluster.credentials();
    const { request: start } = cluster.server.protocol === 'http:' ? http : https;
    const url = new URL(cluster.server);
    // The server's own path stays in front, as behind a proxy for many clusters.
    const [own = '', query = ''] = path.split('?');
    url.pathname = url.pathname.replace(/\/$/, '') + own;
    url.search = query;
    const request = start(url, {
      method,
      headers: { 'user-agent': 'fairway', ...headers, ...credentials.headers },
      ...credentials.tls,
      ...(credentials.agent !== undefined && { agent: credentials.agent }),
      timeout: SILENCE_MS,
    });
    const answer = await answered(request, body);
    const content = await limited(answer);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return content;
    const refusal = parseStatus(content);
    // A pod behind the proxy does not speak as the API does.
    const message = refusal.message === '' ? content.slice(0, 200) : refusal.message;
    throw new ApiError(status, { ...refusal, message });
  }
  async function sendJson(method: Method, path: string, object?: Json): Promise<unknown> {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const headers = { accept: 'application/json', 'content-type': type };
    const order = { method, path, headers };
    const body = object === undefined ? {} : { body: JSON.stringify(object) };
    return JSON.parse(await send({ ...order, ...body })) as unknown;
  }
  return {
    get: (path) => sendJson('GET', path),
    create: (path, object) => sendJson('POST', path, object),
    patch: (path, change) => sendJson('PATCH', path, change),
    async remove(path) {
      try {
        await send({ method: 'DELETE', path });
      } catch (error) {
        if (!(error instanceof ApiError && error.status === 404)) throw error;
      }
    },
    exchange: (path, body, headers) => send({ method: 'POST', path, body, headers }),
  };
}

function answered(request: http.ClientRequest, body = ''): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on('response', resolve);
    request.on('error', reject);
    request.on('timeout', () => request.destroy(new Error('the API server says nothing')));
    request.end(body);
  });
}

function limited(answer: http.IncomingMessage): Promise<string> {
  let size = 0;
  answer.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > LARGEST_ANSWER) answer.destroy(new Error('the answer has no end'));
  });
  return text(answer);
}
