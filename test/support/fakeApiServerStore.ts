import type { Kind } from '../../src/watch/source.ts';
import type { Selectable, Selector } from './fakeApiServerSelectors.ts';

/** An object as a test writes it. */
export interface FakeObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

interface Stored extends Selectable {
  /** Without kind and apiVersion, as in a list. */
  readonly json: Buffer;
}

/** One change, kept so that a watch can begin in the past. */
export interface Change {
  readonly version: number;
  readonly kind: Kind;
  readonly before: Stored | undefined;
  readonly after: Stored | undefined;
}

export const API_VERSIONS: Readonly<Record<Kind, string>> = {
  Service: 'v1',
  EndpointSlice: 'discovery.k8s.io/v1',
  Node: 'v1',
};

/** The objects and their history: one version counter over all kinds, as in etcd. */
export interface FakeStore {
  readonly version: number;
  put(kind: Kind, object: FakeObject): Change;
  /** `namespace/name`, or `/name`. */
  remove(kind: Kind, name: string): Change;
  /** Objects from index `start` on that match, in the order of their keys. */
  page(kind: Kind, request: PageRequest): StoredPage;
  /** Changes after a version; undefined when that is no longer known. */
  changesSince(version: number): readonly Change[] | undefined;
  /** Forget the history. */
  compact(): void;
}

export interface PageRequest {
  readonly selector: Selector;
  readonly start: number;
  readonly limit: number;
}

export interface StoredPage {
  readonly items: readonly Buffer[];
  /** Where the next page starts; undefined on the last. */
  readonly next: number | undefined;
}

interface Shelf {
  readonly objects: Map<string, Stored>;
  /** In the order of keys; undefined after a key came or went. */
  sorted: readonly Stored[] | undefined;
}

export function fakeStore(): FakeStore {
  const shelves: Readonly<Record<Kind, Shelf>> = {
    Service: { objects: new Map(), sorted: [] },
    EndpointSlice: { objects: new Map(), sorted: [] },
    Node: { objects: new Map(), sorted: [] },
  };
  let version = 1;
  let oldest = 1;
  let history: Change[] = [];

  function record(kind: Kind, before: Stored | undefined, after: Stored | undefined): Change {
    const change = { version, kind, before, after };
    history.push(change);
    shelves[kind].sorted = undefined;
    return change;
  }

  return {
    get version() {
      return version;
    },
    put(kind, object) {
      version += 1;
      const { objects } = shelves[kind];
      const key = `${object.metadata.namespace ?? ''}/${object.metadata.name}`;
      const before = objects.get(key);
      const after = stored(object, version);
      objects.set(key, after);
      return record(kind, before, after);
    },
    remove(kind, name) {
      version += 1;
      const { objects } = shelves[kind];
      const before = objects.get(name);
      if (before === undefined) throw new Error(`no ${kind} ${name} to remove`);
      objects.delete(name);
      return record(kind, before, undefined);
    },
    page(kind, request) {
      const shelf = shelves[kind];
      shelf.sorted ??= [...shelf.objects].sort(byKey).map(([, object]) => object);
      return cutPage(shelf.sorted, request);
    },
    changesSince(since) {
      if (since < oldest) return undefined;
      return history.filter((change) => change.version > since);
    },
    compact() {
      oldest = version;
      history = [];
    },
  };
}

function byKey([a]: [string, Stored], [b]: [string, Stored]): number {
  return a < b ? -1 : 1;
}

function stored(object: FakeObject, version: number): Stored {
  // Items of a list carry no kind; only the list does.
  const { kind: _kind, apiVersion: _apiVersion, metadata, ...rest } = object;
  const versioned = { metadata: { ...metadata, resourceVersion: String(version) }, ...rest };
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    json: Buffer.from(JSON.stringify(versioned)),
  };
}

function cutPage(objects: readonly Stored[], { selector, start, limit }: PageRequest): StoredPage {
  const items: Buffer[] = [];
  let index = start;
  while (index < objects.length && items.length < limit) {
    const object = objects[index];
    if (object !== undefined && selector(object)) items.push(object.json);
    index += 1;
  }
  return { items, next: index < objects.length ? index : undefined };
}

/**
 * The line that a watch with this selector gets for a change; undefined for none. An object whose
 * labels leave the selection is DELETED to the watcher, one that comes in is ADDED.
 */
export function eventLine(change: Change, selector: Selector): Buffer | undefined {
  const { before, after } = change;
  const wasSeen = before !== undefined && selector(before);
  if (after !== undefined && selector(after)) {
    return line(change.kind, wasSeen ? 'MODIFIED' : 'ADDED', after.json);
  }
  if (!wasSeen) return undefined;
  // The version of the deletion, not of the last state: a watch resumes after it.
  const last = before.json.toString('utf8');
  const gone = last.replace(/"resourceVersion":"\d+"/, `"resourceVersion":"${change.version}"`);
  return line(change.kind, 'DELETED', Buffer.from(gone));
}

/** The line of a bookmark at a version. */
export function bookmarkLine(kind: Kind, version: number): Buffer {
  const metadata = { resourceVersion: String(version), creationTimestamp: null };
  return line(kind, 'BOOKMARK', Buffer.from(JSON.stringify({ metadata })));
}

function line(kind: Kind, type: string, json: Buffer): Buffer {
  const head = `{"type":"${type}","object":{"kind":"${kind}","apiVersion":"${API_VERSIONS[kind]}",`;
  return Buffer.concat([Buffer.from(head), json.subarray(1), Buffer.from('}\n')]);
}
