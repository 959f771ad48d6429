import { ApiError, statusOf } from './apiError.ts';
import type { Connection } from './connection.ts';
import { objectName, resourceVersionOf } from './objectName.ts';
import type { Resource } from './resources.ts';
import type { Kind, ObjectSink } from './source.ts';
import { lineSplitter } from './splitLines.ts';

export interface WatchRequest {
  readonly connection: Connection;
  readonly kind: Kind;
  readonly resource: Resource;
  /** Events after this version are wanted. */
  readonly resourceVersion: string;
  /** When the server shall end the watch. */
  readonly timeoutSeconds: number;
  readonly signal: AbortSignal;
}

/** What happens on a watch, for its owner. */
export interface WatchObserver {
  /** The server has accepted the watch. */
  opened(): void;
  /** An event was handed on; a new watch would go on from this version. */
  advanced(resourceVersion: string): void;
}

/** What the server sent makes no sense; asking for the same again would not help. */
export class CorruptStreamError extends Error {
  override readonly name = 'CorruptStreamError';
}

const MAX_LINE_BYTES = 64 * 1024 * 1024;

/**
 * Feed the sink the changes after a version until the server ends the watch. Throws ApiError when
 * the server refuses it or reports an error in the stream, CorruptStreamError for what is no
 * event, and whatever a broken connection throws.
 */
export async function watchStream(
  request: WatchRequest,
  sink: ObjectSink,
  observer: WatchObserver,
): Promise<void> {
  const { connection, resource, resourceVersion, timeoutSeconds, signal } = request;
  const query = {
    watch: 'true',
    allowWatchBookmarks: 'true',
    resourceVersion,
    timeoutSeconds: String(timeoutSeconds),
    ...resource.selector,
  };
  const body = await connection.get({ path: resource.path, query, signal });
  observer.opened();
  const split = lineSplitter(MAX_LINE_BYTES, (line) => {
    const version = handleEvent(parseEvent(line), request.kind, sink);
    observer.advanced(version);
  });
  // What follows the last newline when the stream breaks is half an event: it is dropped, and
  // comes again when the watch is resumed.
  for await (const chunk of body as AsyncIterable<Buffer>) splitOrThrow(split, chunk);
}

function splitOrThrow(split: (chunk: Buffer) => void, chunk: Buffer): void {
  try {
    split(chunk);
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new CorruptStreamError('unreadable watch event', { cause: error });
  }
}

interface WatchEvent {
  readonly type?: unknown;
  readonly object?: unknown;
}

function parseEvent(line: string): WatchEvent {
  const event: unknown = JSON.parse(line);
  if (typeof event === 'object' && event !== null) return event;
  throw new TypeError('expected an event object');
}

/** Hand one event on; returns its version. */
function handleEvent({ type, object }: WatchEvent, kind: Kind, sink: ObjectSink): string {
  if (type === 'ERROR') {
    const status = statusOf(object);
    throw new ApiError(status.code, status);
  }
  const version = resourceVersionOf(object);
  if (version === undefined) throw new TypeError('expected an object with a resourceVersion');
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
      sink.put(kind, object);
      break;
    case 'DELETED':
      removeFrom(sink, kind, object);
      break;
    case 'BOOKMARK':
      break;
    default:
      throw new TypeError(`expected a type of event, found '${String(type)}'`);
  }
  return version;
}

function removeFrom(sink: ObjectSink, kind: Kind, object: unknown): void {
  const name = objectName(object);
  if (name === undefined) throw new TypeError('expected an object with a name');
  sink.remove(kind, name);
}
