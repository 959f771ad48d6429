import type { IncomingMessage, ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import type { Kind } from '../../src/watch/source.ts';
import { sendFault, statusObject } from './fakeApiServerFaults.ts';
import type { FakeFaults, StruckRequest } from './fakeApiServerFaults.ts';
import { parseSelector } from './fakeApiServerSelectors.ts';
import { API_VERSIONS } from './fakeApiServerStore.ts';
import type { FakeStore } from './fakeApiServerStore.ts';
import type { FakeWatches } from './fakeApiServerWatches.ts';

export interface RecordedRequest extends StruckRequest {
  readonly path: string;
}

/** All that the server remembers. */
export interface FakeState {
  readonly store: FakeStore;
  readonly watches: FakeWatches;
  readonly faults: FakeFaults;
  readonly requests: RecordedRequest[];
  readonly events: unknown[];
  tokens: readonly string[] | undefined;
  expireBy: 'status' | 'event';
  readonly ignoresLimitForCachedLists: boolean;
  readonly gzip: boolean;
}

const KIND_OF_PATH: Readonly<Record<string, Kind>> = {
  '/api/v1/services': 'Service',
  '/apis/discovery.k8s.io/v1/endpointslices': 'EndpointSlice',
  '/api/v1/nodes': 'Node',
};

const EVENTS_PATH = /^\/(api\/v1|apis\/events\.k8s\.io\/v1)\/namespaces\/[\w.-]+\/events$/;

/** Answer one request as an API server would. */
export async function answer(
  state: FakeState,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const recorded = parseRequest(request);
  if (recorded === undefined) {
    sendFault(response, { status: 404, reason: 'NotFound', message: 'no such path' });
    return;
  }
  state.requests.push(recorded);
  const fault = state.faults.strike(recorded);
  if (fault !== undefined) {
    sendFault(response, fault);
  } else if (!isAuthorized(state, request)) {
    sendFault(response, { status: 401, reason: 'Unauthorized', message: 'Unauthorized' });
  } else if (recorded.kind === undefined) {
    state.events.push(JSON.parse(await text(request)));
    response.writeHead(201, { 'content-type': 'application/json' }).end('{}');
  } else {
    serveKind(state, { ...recorded, kind: recorded.kind }, response, request);
  }
}

function parseRequest({ method, url = '' }: IncomingMessage): RecordedRequest | undefined {
  const { pathname: path, searchParams: query } = new URL(url, 'http://fake');
  const kind = KIND_OF_PATH[path];
  if (method === 'POST' && EVENTS_PATH.test(path)) return { verb: 'create', kind, path, query };
  if (method !== 'GET' || kind === undefined) return undefined;
  return { verb: query.get('watch') === 'true' ? 'watch' : 'list', kind, path, query };
}

function isAuthorized({ tokens }: FakeState, request: IncomingMessage): boolean {
  const { authorization = '' } = request.headers;
  return tokens === undefined || tokens.some((token) => authorization === `Bearer ${token}`);
}

type KindRequest = RecordedRequest & { readonly kind: Kind };

function serveKind(
  state: FakeState,
  request: KindRequest,
  response: ServerResponse,
  { headers }: IncomingMessage,
): void {
  try {
    if (request.verb === 'watch') {
      serveWatch(state, request, response);
    } else {
      const isCompressed = state.gzip && headers['accept-encoding'] === 'gzip';
      sendList(response, listBody(state, request), isCompressed);
    }
  } catch (error) {
    if (error instanceof Refusal) sendFault(response, error);
    else sendFault(response, { status: 400, reason: 'BadRequest', message: String(error) });
  }
}

/** An answer other than 2xx. */
class Refusal extends Error {
  readonly status: number;
  readonly reason: string;

  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

function sendList(response: ServerResponse, body: Buffer, isCompressed: boolean): void {
  const headers = { 'content-type': 'application/json' };
  response.writeHead(200, isCompressed ? { ...headers, 'content-encoding': 'gzip' } : headers);
  response.end(isCompressed ? gzipSync(body) : body);
}

function listBody(state: FakeState, { kind, query }: KindRequest): Buffer {
  const asked = query.get('resourceVersion');
  if (asked !== null && Number(asked) > state.store.version) {
    throw new Refusal(504, 'Timeout', `Too large resource version: ${asked}`);
  }
  const isWhole = asked === '0' && state.ignoresLimitForCachedLists;
  const limit = isWhole ? Infinity : Number(query.get('limit') ?? Infinity);
  const { start, version } = startOf(state, query);
  const page = state.store.page(kind, { selector: parseSelector(query), start, limit });
  const metadata = {
    resourceVersion: String(version),
    ...(page.next !== undefined && { continue: continueToken(version, page.next) }),
  };
  const head = { kind: `${kind}List`, apiVersion: API_VERSIONS[kind], metadata };
  const pieces: Buffer[] = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`)];
  for (const [index, item] of page.items.entries()) {
    if (index > 0) pieces.push(Buffer.from(','));
    pieces.push(item);
  }
  pieces.push(Buffer.from(']}\n'));
  return Buffer.concat(pieces);
}

function continueToken(version: number, next: number): string {
  return Buffer.from(JSON.stringify([version, next])).toString('base64url');
}

/** Where a page starts, and the version that the whole list stands for. */
function startOf(state: FakeState, query: URLSearchParams): { start: number; version: number } {
  const token = query.get('continue');
  if (token === null) return { start: 0, version: state.store.version };
  if (query.has('resourceVersion')) {
    throw new Refusal(400, 'BadRequest', 'a resourceVersion beside continue is not allowed');
  }
  const parsed: unknown = JSON.parse(Buffer.from(token, 'base64url').toString());
  const [version, start] = (Array.isArray(parsed) ? parsed : []).map(Number);
  if (version === undefined || start === undefined) {
    throw new Refusal(400, 'BadRequest', 'continue key is not valid');
  }
  return { start, version };
}

function serveWatch(state: FakeState, request: KindRequest, response: ServerResponse): void {
  const { kind, query } = request;
  const selector = parseSelector(query);
  const since = Number(query.get('resourceVersion'));
  const missed = state.store.changesSince(since);
  const timeoutSeconds = Number(query.get('timeoutSeconds') ?? 1800);
  if (missed !== undefined) {
    state.watches.open({ kind, selector, response }, missed, timeoutSeconds);
    return;
  }
  const message = `too old resource version: ${String(since)}`;
  if (state.expireBy === 'status') throw new Refusal(410, 'Expired', message);
  // The other form: accepted, then an error as the only event.
  const event = { type: 'ERROR', object: statusObject(410, 'Expired', message) };
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(event)}\n`);
}
