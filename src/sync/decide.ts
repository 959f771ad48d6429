/** From the store to the next Snapshot, and what was learnt on the way. */
import type { Config } from '../config/schema.ts';
import { buildSnapshot } from '../model/snapshot.ts';
import type { SnapshotInputs } from '../model/snapshot.ts';
import type { NodeInfo, Policy, ServiceKey, Snapshot } from '../model/types.ts';
import { familyOf, ipInCidr } from '../net/address.ts';
import type { Cidr } from '../net/address.ts';
import type { Family } from '../net/family.ts';
import type { Changes } from '../watch/pendingChanges.ts';
import type { Store } from '../watch/store.ts';

export interface DecideOptions {
  readonly store: Store;
  readonly config: NodeChoice;
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
    const node = nodeOf(store, options.config);
    const policy = options.policyOf(node);
    if (policy === undefined) {
      waiting = dirty;
      return undefined;
    }
    waiting = new Set();
    return buildSnapshot(inputsOf(store, { families, node, policy }), last, dirty);
  };
}

/** What the operator says of the node. */
export type NodeChoice = Pick<Config, 'nodeName' | 'bindAddress'>;

/**
 * The Node, or only its name: not every source has Nodes. A bind address that names one place, as
 * kube-proxy has it, is the node's first address and that of its family. (One of loopback is not:
 * no other machine knows this node by it.)
 */
export function nodeOf(store: Store, { nodeName, bindAddress }: NodeChoice): NodeInfo {
  const node = store.node() ?? nameOnly(nodeName);
  if (NO_PLACE.some((range) => ipInCidr(bindAddress, range))) return node;
  const others = node.ips.filter((ip) => familyOf(ip) !== familyOf(bindAddress));
  return { ...node, ips: [bindAddress, ...others] };
}

function nameOnly(name: string): NodeInfo {
  return { name, ips: [], zone: undefined, podCIDRs: [], isLeaving: false };
}

const NO_PLACE = ['0.0.0.0/32', '::/128', '127.0.0.0/8', '::1/128'].map((text) => text as Cidr);

/** What a Snapshot is made from: this ground, and the objects of the store. */
export function inputsOf(
  store: Store,
  ground: Pick<SnapshotInputs, 'families' | 'node' | 'policy'>,
): SnapshotInputs {
  const { service, slicesOf, serviceKeys } = store;
  return { ...ground, service, slicesOf, serviceKeys };
}
