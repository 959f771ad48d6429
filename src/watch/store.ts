import type { NodeInfo, Problem, Service, ServiceKey, Slice } from '../model/types.ts';
import { nodeShelf } from './nodeShelf.ts';
import { objectName } from './objectName.ts';
import { pendingChanges } from './pendingChanges.ts';
import type { ChangeCounts, Changes } from './pendingChanges.ts';
import { serviceShelf } from './serviceShelf.ts';
import { problemShelf } from './shelf.ts';
import type { Shelf } from './shelf.ts';
import { sliceShelf } from './sliceShelf.ts';
import type { Kind, ObjectName, ObjectSink } from './source.ts';
import { KINDS } from './source.ts';

export interface StoreOptions {
  /** Other Nodes are ignored. */
  readonly nodeName: string;
  /** Only Services whose label names this proxy; absent, those without the label. */
  readonly proxyName?: string | undefined;
  /** Milliseconds since the epoch: what triggered a change before this is not our delay. */
  readonly startedAt: number;
  /** Something relevant has changed, or the store became synced. Not called before that. */
  readonly onChange: () => void;
}

/**
 * The latest objects, validated and trimmed to what is used, and which of them became dirty.
 * Sources put and the sync takes; neither sees the other.
 */
export interface Store extends ObjectSink {
  /** Services and EndpointSlices have both been listed: only now does absent mean absent. */
  isSynced(): boolean;
  service(key: ServiceKey): Service | undefined;
  serviceKeys(): Iterable<ServiceKey>;
  slicesOf(key: ServiceKey): readonly Slice[];
  /** undefined until seen. A Node that was deleted stays, leaving. */
  node(): NodeInfo | undefined;
  counts(): StoreCounts;
  /** What is wrong with the objects as they are now, by object. */
  problems(): readonly (readonly Problem[])[];
  /** What changed since the last call. */
  takeChanges(): Changes;
}

export interface StoreCounts extends ChangeCounts {
  readonly services: number;
  readonly slices: number;
}

export function createStore(options: StoreOptions): Store {
  const listed = new Set<Kind>();
  const changes = pendingChanges(changed);
  const problems = {
    Service: problemShelf(changes.problemsFound),
    EndpointSlice: problemShelf(changes.problemsFound),
    Node: problemShelf(changes.problemsFound),
  };
  const services = serviceShelf(changes, problems.Service, options.proxyName);
  const slices = sliceShelf(changes, problems.EndpointSlice, options.startedAt);
  const node = nodeShelf(changes, problems.Node, options.nodeName);

  function isSynced(): boolean {
    return listed.has('Service') && listed.has('EndpointSlice');
  }

  function changed(): void {
    if (isSynced()) options.onChange();
  }

  function becameListed(kind: Kind): void {
    const wasSynced = isSynced();
    listed.add(kind);
    if (!wasSynced) changed();
  }

  return {
    ...sinkOf({ Service: services, EndpointSlice: slices, Node: node }, problems, becameListed),
    isSynced,
    service: services.get,
    serviceKeys: services.keys,
    slicesOf: slices.of,
    node: node.get,
    counts: () => ({
      ...changes.counts(),
      services: services.size,
      slices: slices.size,
    }),
    problems: () => KINDS.flatMap((kind) => [...problems[kind].values()]),
    takeChanges: changes.take,
  };
}

type PerKind<T> = Readonly<Record<Kind, T>>;

/** Puts objects on their shelves, and after a list takes away what it did not confirm. */
function sinkOf(
  shelves: PerKind<Shelf>,
  problems: PerKind<ReturnType<typeof problemShelf>>,
  becameListed: (kind: Kind) => void,
): ObjectSink {
  const unconfirmed = new Map<Kind, Set<ObjectName>>();

  function remove(kind: Kind, name: ObjectName): void {
    problems[kind].set(name, []);
    shelves[kind].remove(name);
  }

  return {
    listStarted(kind) {
      // Also what only has problems: those must go with their object.
      const known = [...shelves[kind].names(), ...problems[kind].names()];
      unconfirmed.set(kind, new Set(known));
    },
    put(kind, object) {
      const name = objectName(object);
      // The API knows no object without a name, and files with one are refused as a whole.
      if (name === undefined) return;
      unconfirmed.get(kind)?.delete(name);
      shelves[kind].put(name, object);
    },
    listFinished(kind) {
      for (const name of unconfirmed.get(kind) ?? []) remove(kind, name);
      unconfirmed.delete(kind);
      becameListed(kind);
    },
    remove,
  };
}
