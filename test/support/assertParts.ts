import assert from 'node:assert/strict';

/**
 * Compare some properties of an object and leave the others alone. Unlike partialDeepStrictEqual
 * this compares them in full, so that an expected `[]` means empty.
 */
export function assertParts(
  actual: object | undefined,
  expected: Readonly<Record<string, unknown>>,
): void {
  assert.ok(actual !== undefined);
  const all = new Map(Object.entries(actual));
  for (const [name, value] of Object.entries(expected))
    assert.deepEqual(all.get(name), value, name);
}
