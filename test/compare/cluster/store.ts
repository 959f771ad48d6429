/** The objects of a fake cluster, by their paths, with the writes that an operator's tools make. */
import type { Json } from '../../../src/compare/cluster/api.ts';

export interface PathStore {
  get(path: string): Json | undefined;
  /** The objects right below a collection, those with this label if one is given. */
  list(collection: string, label: string | undefined): readonly Json[];
  put(path: string, object: Json): void;
  /** JSON merge patch; what is left of the object. */
  patch(path: string, change: Json): Json | undefined;
  /** The object and all below it; the paths of those. */
  remove(path: string): readonly string[];
}

export function pathStore(): PathStore {
  const objects = new Map<string, Json>();
  return {
    get: (path) => objects.get(path),
    list: (collection, label) =>
      [...objects]
        .filter(([path]) => path.startsWith(`${collection}/`))
        .filter(([path]) => !path.slice(collection.length + 1).includes('/'))
        .map(([, object]) => object)
        .filter((object) => label === undefined || hasLabel(object, label)),
    put: (path, object) => {
      objects.set(path, object);
    },
    patch(path, change) {
      const object = objects.get(path);
      if (object === undefined) return undefined;
      const merged = merge(object, change);
      objects.set(path, merged);
      return merged;
    },
    remove(path) {
      const name = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1];
      const below = name === undefined ? undefined : `/namespaces/${name}/`;
      const gone = [...objects.keys()].filter(
        (each) => each === path || (below !== undefined && each.includes(below)),
      );
      for (const each of gone) objects.delete(each);
      return gone;
    },
  };
}

export function fieldsOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function hasLabel(object: Json, label: string): boolean {
  const [key = '', value] = label.split('=');
  return fieldsOf(fieldsOf(object['metadata'])['labels'])[key] === value;
}

function merge(object: Json, change: Json): Json {
  const merged: Record<string, unknown> = { ...object };
  for (const [key, value] of Object.entries(change)) {
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    merged[key] = isObject ? merge(fieldsOf(merged[key]), fieldsOf(value)) : value;
  }
  return merged;
}
