/**
 * A strategic merge patch, as kubectl sends it for Kubernetes' own kinds
 * (sig-api-machinery/strategic-merge-patch.md): lists of what has a name, or another key, are merged
 * by that, and put into the order that the patch says; all others are replaced.
 */
type Json = null | boolean | number | string | readonly Json[] | JsonObject;
interface JsonObject {
  readonly [field: string]: Json | undefined;
}

/** By which the elements of these lists are one and the same; others are replaced as a whole. */
const MERGE_KEYS: Readonly<Record<string, string>> = {
  containers: 'name',
  initContainers: 'name',
  volumes: 'name',
  env: 'name',
  volumeMounts: 'mountPath',
  ports: 'containerPort',
};

export function mergeStrategically(before: unknown, patch: unknown): unknown {
  return mergeObject(before as JsonObject, patch as JsonObject);
}

function mergeObject(before: JsonObject, patch: JsonObject): JsonObject {
  if (patch['$patch'] === 'replace') return Object.fromEntries(fieldsOf(patch));
  const kept = patch['$retainKeys'] as readonly string[] | undefined;
  const after = new Map(fieldsOf(before).filter(([field]) => kept?.includes(field) ?? true));
  for (const [field, value] of fieldsOf(patch)) {
    if (value === null) after.delete(field);
    else after.set(field, mergeField(field, before[field], value));
  }
  for (const [field, key] of Object.entries(MERGE_KEYS)) {
    const order = patch[`$setElementOrder/${field}`] as readonly JsonObject[] | undefined;
    if (order !== undefined) after.set(field, inOrder(after.get(field), order, key));
  }
  return Object.fromEntries(after);
}

/** Without directives. */
function fieldsOf(object: JsonObject): readonly (readonly [string, Json])[] {
  return Object.entries(object).flatMap(([field, value]) =>
    field.startsWith('$') || value === undefined ? [] : [[field, value] as const],
  );
}

function inOrder(list: Json | undefined, order: readonly JsonObject[], key: string): Json {
  const places = order.map((element) => element[key]);
  const elements = list as readonly JsonObject[];
  return elements.toSorted((a, b) => places.indexOf(a[key]) - places.indexOf(b[key]));
}

function mergeField(field: string, before: Json | undefined, patch: Json): Json {
  const key = MERGE_KEYS[field];
  if (Array.isArray(patch)) {
    return key === undefined || !Array.isArray(before)
      ? patch
      : mergeList(before as readonly JsonObject[], patch as readonly JsonObject[], key);
  }
  return isObject(patch) ? mergeObject(isObject(before) ? before : {}, patch) : patch;
}

function mergeList(
  before: readonly JsonObject[],
  patch: readonly JsonObject[],
  key: string,
): readonly JsonObject[] {
  const after = new Map(before.map((element) => [element[key], element]));
  for (const element of patch) {
    if (element['$patch'] === 'delete') after.delete(element[key]);
    else after.set(element[key], mergeObject(after.get(element[key]) ?? {}, element));
  }
  return [...after.values()];
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
