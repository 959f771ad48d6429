/**
 * The dispatch trie: which rules stand in which chain, so that a packet meets a handful of rules
 * on the way to its Service, however many Services there are.
 *
 * Keys are strings of digits, 0 to 3, of one length; a branch splits its part by the next digit
 * that differs. A part is a leaf while it holds at most LEAF_RULES rules or just one key. So the shape
 * depends on the content alone (not on the order in which it came), and `put` and `remove` copy
 * only the path from the root: whatever a change did not touch stays the same object.
 */

/**
 * A packet meets half of them in the last chain. Fewer would make more chains, and chains are what
 * loading costs: four children of two bits keep leaves fuller than sixteen of four.
 */
const LEAF_RULES = 48;

export interface Entry {
  /** Digits; how far two keys agree is how long their packets share a path. */
  readonly key: string;
  /** Tells entries of one key apart and orders them. */
  readonly id: string;
  /** How many rules it brings. */
  readonly weight: number;
  /**
   * Rules without `-A CHAIN`, in the order in which they must be tried. Made when they are
   * printed: to keep the text of 30,000 Services twice would cost more than all the rest.
   */
  rules(): readonly string[];
}

export interface Leaf {
  readonly kind: 'leaf';
  readonly weight: number;
  /** Sorted by key, then id. */
  readonly entries: readonly Entry[];
}

export interface Branch {
  readonly kind: 'branch';
  readonly weight: number;
  /** The digits that every key below shares; the next digit chooses the child. */
  readonly prefix: string;
  /** Sorted by digit; at least two. */
  readonly children: readonly Child[];
}

export interface Child {
  readonly digit: string;
  readonly node: Trie;
}

export type Trie = Leaf | Branch;

export const EMPTY_TRIE: Trie = { kind: 'leaf', weight: 0, entries: [] };

/** The trie with `entry` added, or put in place of the one with the same key and id. */
export function put(trie: Trie, entry: Entry): Trie {
  if (trie.kind === 'leaf') return shaped(withEntry(trie.entries, entry));
  const shared = commonPrefix(trie.prefix, entry.key);
  if (shared.length < trie.prefix.length) return forked(trie, shared, entry);
  const digit = digitAt(entry.key, shared.length);
  const old = trie.children.find((child) => child.digit === digit);
  return branch(trie.prefix, replaceChild(trie, digit, put(old?.node ?? EMPTY_TRIE, entry)));
}

/** The same as putting one after the other; a start with 30,000 Services builds it in one go. */
export function putAll(trie: Trie, entries: readonly Entry[]): Trie {
  const isEmpty = trie.kind === 'leaf' && trie.entries.length === 0;
  if (!isEmpty) return entries.reduce(put, trie);
  const unique = new Map(entries.map((entry) => [`${entry.key} ${entry.id}`, entry]));
  return shaped([...unique.values()].sort(compareEntries));
}

/** The trie without the entry of this key and id; the same object when it held none. */
export function remove(trie: Trie, key: string, id: string): Trie {
  if (trie.kind === 'leaf') {
    const kept = trie.entries.filter((entry) => entry.key !== key || entry.id !== id);
    return kept.length === trie.entries.length ? trie : shaped(kept);
  }
  if (!key.startsWith(trie.prefix)) return trie;
  const digit = digitAt(key, trie.prefix.length);
  const old = trie.children.find((child) => child.digit === digit);
  if (old === undefined) return trie;
  const node = remove(old.node, key, id);
  if (node === old.node) return trie;
  const children = replaceChild(trie, digit, node);
  return collapsed(branch(trie.prefix, children));
}

/** Every entry below, in order. */
export function* entriesOf(trie: Trie): Generator<Entry> {
  if (trie.kind === 'leaf') yield* trie.entries;
  else for (const child of trie.children) yield* entriesOf(child.node);
}

function digitAt(key: string, index: number): string {
  return key.charAt(index);
}

function commonPrefix(a: string, b: string): string {
  let length = 0;
  while (length < a.length && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return a.slice(0, length);
}

function withEntry(entries: readonly Entry[], entry: Entry): readonly Entry[] {
  const next = entries.filter((other) => other.key !== entry.key || other.id !== entry.id);
  next.push(entry);
  return next.sort(compareEntries);
}

function compareEntries(a: Entry, b: Entry): number {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** A leaf, or the branch that a leaf of this content has to become. */
function shaped(entries: readonly Entry[]): Trie {
  const weight = entries.reduce((sum, entry) => sum + entry.weight, 0);
  const first = entries.at(0);
  const last = entries.at(-1);
  if (weight <= LEAF_RULES || first === undefined || last === undefined || first.key === last.key) {
    return { kind: 'leaf', weight, entries };
  }
  const prefix = commonPrefix(first.key, last.key);
  const groups = Map.groupBy(entries, (entry) => digitAt(entry.key, prefix.length));
  return branch(
    prefix,
    [...groups].map(([digit, group]) => ({ digit, node: shaped(group) })),
  );
}

function branch(prefix: string, children: readonly Child[]): Branch {
  const weight = children.reduce((sum, child) => sum + child.node.weight, 0);
  return { kind: 'branch', weight, prefix, children };
}

/** A new branch above `old`, because `entry` differs from it before its prefix ends. */
function forked(old: Branch, prefix: string, entry: Entry): Branch {
  const children = [
    { digit: digitAt(old.prefix, prefix.length), node: old },
    { digit: digitAt(entry.key, prefix.length), node: shaped([entry]) },
  ];
  return branch(prefix, children.sort(compareChildren));
}

function compareChildren(a: Child, b: Child): number {
  return a.digit < b.digit ? -1 : 1;
}

function replaceChild(parent: Branch, digit: string, node: Trie): readonly Child[] {
  const children = parent.children.filter((child) => child.digit !== digit);
  if (node.kind === 'branch' || node.entries.length > 0) children.push({ digit, node });
  return children.sort(compareChildren);
}

/** After a removal a branch may have become small enough for a leaf, or have one child left. */
function collapsed(node: Branch): Trie {
  const [only, second] = node.children;
  if (node.weight <= LEAF_RULES) return shaped([...entriesOf(node)]);
  return only !== undefined && second === undefined ? only.node : node;
}
