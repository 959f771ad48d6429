/** From the store to the next Snapshot, and what was learnt on the way. */
import { buildSnapshot } from '../model/snapshot.ts';
import type { SnapshotInputs } from '../model/snapshot.ts';
import type { NodeInfo, Policy, ServiceKey, Snapshot } from '../model/types.ts';
import type { Family } from '../net/family.ts';
import type { Changes } from '../watch/pendingChanges.ts';
import type { Store } from '../watch/store.ts';

export interface DecideOptions {
  readonly store: Store;
  readonly nodeName: string;
  readonly families: readonly Family[];
  /** The operator's choices on this node; undefined while the Node lacks what they need. */
  policyOf(node: NodeInfo): Policy | undefined;
  /** Told what was taken from the store, each time. */
  taken(changes: Changes): void;
}

/** A function from the last Snapshot to the next; it remembers only what waits to be decided. */
export function decider(
  options: DecideOptions,
): (last: Snapshot | undefined) => Snapshot | undefined {
  const { store, families } = options;
  // Kept while nothing can be decided: what was taken from the store comes only once.
  let waiting = new Set<ServiceKey>();
  return (last) => {
    const changes = store.takeChanges();
    options.taken(changes);
    const dirty = new Set([...waiting, ...changes.services]);
    const node = nodeOf(store, options.nodeName);
    const policy = options.policyOf(node);
    if (policy === undefined) {
      waiting = dirty;
      return undefined;
    }
    waiting = new Set();
    return buildSnapshot(inputsOf(store, { families, node, policy }), last, dirty);
  };
}

/** The Node, or only its name: not every source has Nodes. */
export function nodeOf(store: Store, name: string): NodeInfo {
  return store.node() ?? { name, ips: [], zone: undefined, podCIDRs: [], isLeaving: false };
}

/** What a Snapshot is made from: this ground, and the objects of the store. */
export function inputsOf(
  store: Store,
  ground: Pick<SnapshotInputs, 'families' | 'node' | 'policy'>,
): SnapshotInputs {
  const { service, slicesOf, serviceKeys } = store;
  return { ...ground, service, slicesOf, serviceKeys };
}
