import { ApiError } from './apiError.ts';
import type { Connection, GetRequest } from './connection.ts';
import type { Resource } from './resources.ts';
import type { Kind, ObjectSink } from './source.ts';
import { itemSplitter } from './splitItems.ts';

/**
 * How fresh a list must be, as its `resourceVersion` parameter says.
 * `cached`: whatever the server has in its cache. `atLeast`: its cache, once that has reached
 * what we already saw. `latest`: consistent with etcd.
 */
export type Freshness =
  | { readonly kind: 'cached' }
  | { readonly kind: 'atLeast'; readonly resourceVersion: string }
  | { readonly kind: 'latest' };

export interface ListRequest {
  readonly connection: Connection;
  readonly kind: Kind;
  readonly resource: Resource;
  readonly freshness: Freshness;
  readonly signal: AbortSignal;
}

const PAGE_SIZE = '500';

/** The API refuses objects of more than a few megabytes; this only bounds a broken stream. */
const MAX_OBJECT_BYTES = 64 * 1024 * 1024;

/**
 * Feed the sink every object of a kind, page by page and each as soon as its bytes are there.
 * Returns the resourceVersion to watch from.
 */
export async function listPages(request: ListRequest, sink: ObjectSink): Promise<string> {
  const { kind, resource, connection, signal } = request;
  sink.listStarted(kind);
  let query = firstPage(request.freshness);
  for (;;) {
    const path = resource.path;
    const page = { path, query: { ...query, ...resource.selector }, signal };
    const { resourceVersion, next } = await readPage(connection, page, (object) => {
      sink.put(kind, object);
    });
    if (next === '') {
      sink.listFinished(kind);
      return resourceVersion;
    }
    // A continue token stands for its version; naming one beside it is an error.
    query = { limit: PAGE_SIZE, continue: next };
  }
}

/**
 * The same choices as in the API's own client, so that nodes cost the server what they did before.
 * The first list asks for version 0: answered from the server's cache, never from etcd, or 5,000
 * nodes that start at once would take etcd down. Such an answer may be a little old; the watch
 * that follows brings it up to date. Many servers ignore the limit then and send all at once,
 * which is why pages are read as streams. A list after a gap must not go back in time, so it
 * names the version it has seen; it names no limit, because until Kubernetes 1.30 a limit would
 * send it past the cache. Only if that version is out of reach is etcd asked, in pages.
 */
function firstPage(freshness: Freshness): Record<string, string> {
  switch (freshness.kind) {
    case 'cached':
      return { limit: PAGE_SIZE, resourceVersion: '0' };
    case 'atLeast':
      return { resourceVersion: freshness.resourceVersion };
    case 'latest':
      return { limit: PAGE_SIZE };
  }
}

interface Page {
  readonly resourceVersion: string;
  /** The token for the next page; empty on the last. */
  readonly next: string;
}

async function readPage(
  connection: Connection,
  page: GetRequest,
  onObject: (object: unknown) => void,
): Promise<Page> {
  const body = await connection.get(page);
  const splitter = itemSplitter(MAX_OBJECT_BYTES, (text) => {
    onObject(JSON.parse(text));
  });
  for await (const chunk of body as AsyncIterable<Buffer>) splitter.write(chunk);
  return pageOf(JSON.parse(splitter.end()));
}

/** Throws when what arrived is no list, lest a proxy's greeting empties the cluster. */
function pageOf(list: unknown): Page {
  const { metadata, items } = fieldsOf(list);
  const { resourceVersion, continue: next } = fieldsOf(metadata);
  const isList = items === null || Array.isArray(items);
  if (!isList || typeof resourceVersion !== 'string' || resourceVersion === '') {
    throw new ApiError(200, { reason: '', message: 'expected a list, found something else' });
  }
  return { resourceVersion, next: typeof next === 'string' ? next : '' };
}

interface ListFields {
  readonly metadata?: unknown;
  readonly items?: unknown;
  readonly resourceVersion?: unknown;
  readonly continue?: unknown;
}

function fieldsOf(value: unknown): ListFields {
  return typeof value === 'object' && value !== null ? value : {};
}
