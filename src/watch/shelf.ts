import { isDeepStrictEqual } from 'node:util';
import type { Problem } from '../model/types.ts';
import type { ObjectName } from './source.ts';

/** The objects of one kind in the store. */
export interface Shelf {
  /** A raw object, new or changed; `name` is its own. */
  put(name: ObjectName, object: unknown): void;
  remove(name: ObjectName): void;
  names(): Iterable<ObjectName>;
}

/** What is wrong with the objects of one kind. */
export interface ProblemShelf {
  /** Replace what is known of an object; an empty list when it is well or gone. */
  set(name: ObjectName, problems: readonly Problem[]): void;
  names(): Iterable<ObjectName>;
  /** All problems there are now, by object. */
  values(): Iterable<readonly Problem[]>;
}

/** Tells `found` of problems once, however often the object comes with the same ones. */
export function problemShelf(found: (problems: readonly Problem[]) => void): ProblemShelf {
  const byName = new Map<ObjectName, readonly Problem[]>();
  return {
    set(name, problems) {
      if (problems.length === 0) {
        byName.delete(name);
      } else if (!isDeepStrictEqual(byName.get(name), problems)) {
        byName.set(name, problems);
        found(problems);
      }
    },
    names: () => byName.keys(),
    values: () => byName.values(),
  };
}
