/** Things in the order in which they were last touched; each carries its own place in the line. */

export interface Aged<Item> {
  older: Item | undefined;
  newer: Item | undefined;
}

export interface AgeList<Item> {
  oldest(): Item | undefined;
  size(): number;
  /** As the newest; it must be in no list. */
  add(item: Item): void;
  /** It must be in this list. */
  remove(item: Item): void;
  /** Make it the newest again; it must be in this list. */
  touch(item: Item): void;
}

export function createAgeList<Item extends Aged<Item>>(): AgeList<Item> {
  let oldest: Item | undefined;
  let newest: Item | undefined;
  let size = 0;

  function add(item: Item): void {
    item.older = newest;
    item.newer = undefined;
    if (newest === undefined) oldest = item;
    else newest.newer = item;
    newest = item;
    size += 1;
  }

  function remove(item: Item): void {
    const { older, newer } = item;
    if (older === undefined) oldest = newer;
    else older.newer = newer;
    if (newer === undefined) newest = older;
    else newer.older = older;
    item.older = undefined;
    item.newer = undefined;
    size -= 1;
  }

  return {
    oldest: () => oldest,
    size: () => size,
    add,
    remove,
    touch(item) {
      if (item === newest) return;
      remove(item);
      add(item);
    },
  };
}
