/** Structural equality, so that what did not change can go on being the same object. */

/** Whether two values of plain data (objects, lists, primitives) look the same. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const entries = Object.entries(a);
  if (entries.length !== Object.keys(b).length) return false;
  const other: Readonly<Record<string, unknown>> = { ...b };
  return entries.every(([key, value]) => Object.hasOwn(b, key) && isEqual(value, other[key]));
}
