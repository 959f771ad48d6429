import type { ObjectName } from './source.ts';

/** The parts of an object's metadata that are needed to tell objects apart. */
interface Identity {
  readonly namespace?: unknown;
  readonly name?: unknown;
  readonly resourceVersion?: unknown;
}

/** `namespace/name` of a raw object, `/name` without a namespace; undefined for what has no name. */
export function objectName(object: unknown): ObjectName | undefined {
  const { namespace, name } = metadataOf(object);
  if (typeof name !== 'string' || name === '') return undefined;
  return `${typeof namespace === 'string' ? namespace : ''}/${name}`;
}

/** The version of a raw object; undefined for what has none. */
export function resourceVersionOf(object: unknown): string | undefined {
  const { resourceVersion } = metadataOf(object);
  return typeof resourceVersion === 'string' && resourceVersion !== ''
    ? resourceVersion
    : undefined;
}

function metadataOf(object: unknown): Identity {
  if (typeof object !== 'object' || object === null || !('metadata' in object)) return {};
  const { metadata } = object;
  return typeof metadata === 'object' && metadata !== null ? metadata : {};
}
