import { isDeepStrictEqual } from 'node:util';
import { parseNode } from '../model/parseNode.ts';
import type { NodeInfo } from '../model/types.ts';
import type { PendingChanges } from './pendingChanges.ts';
import type { ProblemShelf, Shelf } from './shelf.ts';

export interface NodeShelf extends Shelf {
  /** undefined until seen. */
  get(): NodeInfo | undefined;
}

/** The Node called `nodeName`; others are ignored. */
export function nodeShelf(
  changes: PendingChanges,
  problems: ProblemShelf,
  nodeName: string,
): NodeShelf {
  let node: NodeInfo | undefined;

  function replace(next: NodeInfo): void {
    if (isDeepStrictEqual(node, next)) return;
    node = next;
    changes.nodeChanged();
  }

  return {
    get: () => node,
    names: () => (node === undefined ? [] : [`/${nodeName}`]),
    put(name, object) {
      if (name !== `/${nodeName}`) return;
      const parsed = parseNode(object);
      problems.set(name, parsed.problems);
      if (parsed.node !== undefined) replace(parsed.node);
    },
    remove(name) {
      // Its addresses stay true while the machine runs, but no load balancer should send here.
      if (node !== undefined && name === `/${nodeName}`) replace({ ...node, isLeaving: true });
    },
  };
}
