import { createHash } from 'node:crypto';
import type { ObjectReference } from '../model/types.ts';
import type { Log } from '../observe/log.ts';
import type { Connection } from './connection.ts';

/** Tells the owners of objects what happened to them, where `kubectl describe` shows it. */
export interface EventSink {
  /** Something is wrong with an object. Returns at once; nobody learns whether it was posted. */
  problem(object: ObjectReference, reason: string, message: string): void;
  /** The agent has started on this node. */
  started(nodeName: string): void;
  /** Drop what waits; resolves when nothing is under way any more. */
  stop(): Promise<void>;
}

/** For sources without an API server: there is no one to tell. */
export const noEvents: EventSink = {
  problem: () => undefined,
  started: () => undefined,
  stop: () => Promise.resolve(),
};

export interface EventSinkOptions {
  readonly connection: Connection;
  readonly nodeName: string;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** The same is not said again for so long. */
const QUIET_MS = 600_000;

/**
 * So many events at once, and then one more in each interval: a thousand bad Services must not
 * make a thousand requests from each of a thousand nodes.
 */
const BURST = 20;
const INTERVAL_MS = 30_000;

interface Event {
  readonly object: ObjectReference;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** Events with the same object and suffix are the same event to the API. */
  readonly suffix: string;
}

export function createEventSink(options: EventSinkOptions): EventSink {
  const { connection, log, now } = options;
  const stopping = new AbortController();
  const recent = recentTexts(now);
  const takeToken = tokenBucket(now);
  let posting: Promise<void> = Promise.resolve();

  function send(event: Event): void {
    const name = `${event.object.namespace}/${event.object.name}`;
    const fields = { kind: event.object.kind, name, reason: event.reason };
    const identity = `${event.object.kind} ${name} ${event.suffix}`;
    if (stopping.signal.aborted || recent.has(identity)) return;
    if (!takeToken()) {
      log.debug('event left out, there were too many', fields);
      return;
    }
    recent.add(identity);
    const body = eventBody(event, options);
    const path = `/apis/events.k8s.io/v1/namespaces/${namespaceOf(event.object)}/events`;
    // One after the other; the bucket bounds how many can wait.
    posting = posting
      .then(() => connection.post(path, body, stopping.signal))
      .catch((error: unknown) => {
        log.debug('event not posted', { ...fields, error: String(error) });
      });
  }

  return {
    problem(object, reason, message) {
      // Every node sees the same problem. The same name makes the first one's post the only one
      // that is kept, and all others fail with `already exists`, which is as good.
      const suffix = createHash('sha256').update(`${object.uid} ${reason} ${message}`);
      send({ object, type: 'Warning', reason, message, suffix: suffix.digest('hex').slice(0, 16) });
    },
    started(nodeName) {
      const object = nodeReference(nodeName);
      const suffix = now().toString(16);
      send({ object, type: 'Normal', reason: 'Starting', message: 'fairway started', suffix });
    },
    async stop() {
      stopping.abort();
      await posting;
    },
  };
}

/** Kubernetes shows a Node's events by this uid, its name, whoever writes them. */
export function nodeReference(name: string): ObjectReference {
  return { kind: 'Node', namespace: '', name, uid: name };
}

/** Nodes have no namespace, but their events need one. */
function namespaceOf({ namespace }: ObjectReference): string {
  return namespace === '' ? 'default' : namespace;
}

/** The API's own limits; a name also has a dot and the suffix. */
const MAX_NAME = 253 - 17;
const MAX_NOTE = 1024;
const MAX_INSTANCE = 128;

function eventBody(event: Event, { nodeName, now }: EventSinkOptions): object {
  const { object, type, reason, message, suffix } = event;
  const apiVersion = object.kind === 'EndpointSlice' ? 'discovery.k8s.io/v1' : 'v1';
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: `${object.name.slice(0, MAX_NAME)}.${suffix}`,
      namespace: namespaceOf(object),
    },
    // The API wants microseconds.
    eventTime: new Date(now()).toISOString().replace('Z', '000Z'),
    reportingController: 'fairway',
    reportingInstance: `fairway-${nodeName}`.slice(0, MAX_INSTANCE),
    action: 'Sync',
    type,
    reason,
    regarding: { apiVersion, ...object },
    note: message.slice(0, MAX_NOTE),
  };
}

interface RecentTexts {
  has(text: string): boolean;
  add(text: string): void;
}

/** Remembers texts for as long as they are not to be repeated. */
function recentTexts(now: () => number): RecentTexts {
  const added = new Map<string, number>();
  return {
    has(text) {
      const since = added.get(text);
      return since !== undefined && now() - since < QUIET_MS;
    },
    add(text) {
      for (const [key, since] of added) if (now() - since >= QUIET_MS) added.delete(key);
      added.set(text, now());
    },
  };
}

function tokenBucket(now: () => number): () => boolean {
  let tokens = BURST;
  let filledAt = now();
  return () => {
    const gained = Math.floor((now() - filledAt) / INTERVAL_MS);
    tokens = Math.min(BURST, tokens + gained);
    filledAt += gained * INTERVAL_MS;
    if (tokens === 0) return false;
    tokens -= 1;
    return true;
  };
}
