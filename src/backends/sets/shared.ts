/** Objects that several ServicePorts want, an address for instance: who wants them, and whose count. */
import type { PortKey } from '../../model/types.ts';
import { edit, sortedMap } from '../../sorted/sortedMap.ts';
import type { SortedMap, SortedMapEditor } from '../../sorted/sortedMap.ts';
import type { ObjectKey } from '../backend.ts';
import type { NamedObject } from './names.ts';
import type { SharedObjects } from './vip.ts';

/** `id port` → the objects; entries of one id stand together, in order of the ports. */
export type Wishes = SortedMap<WishKey, readonly NamedObject[]>;

type WishKey = string & { readonly __brand: 'WishKey' };

export const NO_WISHES: Wishes = sortedMap();

export interface WishChange {
  readonly port: PortKey;
  readonly shared: SharedObjects;
}

type Objects = SortedMapEditor<ObjectKey, string>;

/** `wishes` without `leaving` and with `coming`; `objects` follows. */
export function changeWishes(
  wishes: Wishes,
  leaving: readonly WishChange[],
  coming: readonly WishChange[],
  objects: Objects,
): Wishes {
  const ids = new Set([...leaving, ...coming].map(({ shared }) => shared.id));
  for (const id of ids) {
    for (const [key] of firstOf(wishes, id) ?? []) objects.delete(key);
  }
  const after = edit(wishes, (draft) => {
    for (const { port, shared } of leaving) draft.delete(wishKey(shared.id, port));
    for (const { port, shared } of coming) draft.set(wishKey(shared.id, port), shared.objects);
  });
  for (const id of ids) {
    for (const [key, text] of firstOf(after, id) ?? []) objects.set(key, text);
  }
  return after;
}

// A line feed is in no name, and sorts before all that is.
function wishKey(id: string, port: string): WishKey {
  return `${id}\n${port}` as WishKey;
}

function firstOf(wishes: Wishes, id: string): readonly NamedObject[] | undefined {
  for (const [key, objects] of wishes.entriesFrom(wishKey(id, ''))) {
    return key.startsWith(`${id}\n`) ? objects : undefined;
  }
  return undefined;
}
