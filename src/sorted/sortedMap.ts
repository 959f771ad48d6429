/**
 * A sorted map that is cheap to copy and cheap to compare with its own past: `edit` shares every
 * untouched part with the original, and `difference` skips what is shared. So a sync costs what
 * changed and not what exists. A thin face over sorted-btree (copy-on-write B+ tree).
 */
// CommonJS without an exports map: the class and the function are under `.default`.
import btree from 'sorted-btree';
import diff from 'sorted-btree/extended/diffAgainst.js';

const BTree = btree.default;
type Tree<K, V> = InstanceType<typeof btree.default<K, V>>;

/** Read-only view; keys are strings, in code-unit order. */
export interface SortedMap<K extends string, V> {
  readonly size: number;
  get(key: K): V | undefined;
  has(key: K): boolean;
  keys(): IterableIterator<K>;
  values(): IterableIterator<V>;
  entries(): IterableIterator<[K, V]>;
  /** Entries whose key is at least `from`, in order. */
  entriesFrom(from: K): IterableIterator<[K, V]>;
}

/** Only `edit` hands these out; the change is private until `edit` returns. */
export interface SortedMapEditor<K extends string, V> extends SortedMap<K, V> {
  set(key: K, value: V): void;
  delete(key: K): boolean;
}

class TreeMap<K extends string, V> implements SortedMapEditor<K, V> {
  readonly tree: Tree<K, V>;

  constructor(tree: Tree<K, V>) {
    this.tree = tree;
  }

  get size(): number {
    return this.tree.size;
  }

  get(key: K): V | undefined {
    return this.tree.get(key);
  }

  has(key: K): boolean {
    return this.tree.has(key);
  }

  keys(): IterableIterator<K> {
    return this.tree.keys();
  }

  values(): IterableIterator<V> {
    return this.tree.values();
  }

  entries(): IterableIterator<[K, V]> {
    return this.tree.entries();
  }

  entriesFrom(from: K): IterableIterator<[K, V]> {
    return this.tree.entries(from);
  }

  set(key: K, value: V): void {
    // An equal value must not copy the path to it, or `difference` would walk it for nothing.
    if (this.tree.get(key) !== value || !this.tree.has(key)) this.tree.set(key, value);
  }

  delete(key: K): boolean {
    return this.tree.delete(key);
  }
}

function compareCodeUnits(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function treeOf<K extends string, V>(map: SortedMap<K, V>): Tree<K, V> {
  if (map instanceof TreeMap) return (map as TreeMap<K, V>).tree;
  throw new TypeError('expected a SortedMap made by sortedMap()');
}

/** A map of `entries`; a later entry replaces an earlier one of the same key. */
export function sortedMap<K extends string, V>(
  entries: Iterable<readonly [K, V]> = [],
): SortedMap<K, V> {
  const map = new TreeMap<K, V>(new BTree<K, V>(undefined, compareCodeUnits));
  for (const [key, value] of entries) map.set(key, value);
  return map;
}

/** A changed copy; the original stays as it was. Costs O(changes · log size). */
export function edit<K extends string, V>(
  map: SortedMap<K, V>,
  change: (editor: SortedMapEditor<K, V>) => void,
): SortedMap<K, V> {
  const copy = new TreeMap<K, V>(treeOf(map).clone());
  change(copy);
  return copy;
}

export interface DifferenceVisitor<K extends string, V> {
  added?(key: K, value: V): void;
  removed?(key: K, value: V): void;
  changed?(key: K, before: V, after: V): void;
}

/**
 * Visit what `after` has that `before` has not, lost, or holds with another value (`!==`), in key
 * order. Parts that both share are skipped without being looked at.
 */
export function difference<K extends string, V>(
  before: SortedMap<K, V>,
  after: SortedMap<K, V>,
  visitor: DifferenceVisitor<K, V>,
): void {
  if (before === after) return;
  const visits: (() => void)[] = [];
  diff.default<K, V, never>(
    treeOf(before),
    treeOf(after),
    (key, value) => void visits.push(() => visitor.removed?.(key, value)),
    (key, value) => void visits.push(() => visitor.added?.(key, value)),
    (key, was, is) => void visits.push(() => visitor.changed?.(key, was, is)),
  );
  // The library walks from the last key to the first.
  for (const visit of visits.reverse()) visit();
}
