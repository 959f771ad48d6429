import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { difference, edit, sortedMap } from '../../../src/sorted/sortedMap.ts';
import type { SortedMap } from '../../../src/sorted/sortedMap.ts';

const FEW_KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

type Entries = readonly (readonly [string, number])[];

// Few keys and values, so that edits meet existing ones; and many, so that the tree has levels.
const smallEntries = fc.array(fc.tuple(fc.constantFrom(...FEW_KEYS), fc.nat(3)));
const manyEntries = fc.array(
  fc.tuple(
    fc.nat(9999).map((key) => `key-${String(key)}`),
    fc.nat(3),
  ),
  { maxLength: 400, size: 'max' },
);
const anyEntries = fc.oneof(smallEntries, manyEntries);
const anyChanges = fc.array(
  fc.tuple(
    fc.oneof(
      fc.constantFrom(...FEW_KEYS),
      fc.nat(9999).map((key) => `key-${String(key)}`),
    ),
    fc.option(fc.nat(3), { nil: undefined }),
  ),
);

test('law: a sorted map holds what a Map of the same entries holds, sorted by key', () => {
  fc.assert(
    fc.property(anyEntries, fc.string(), (entries, from) => {
      const map = sortedMap(entries);
      const expected = sorted(entries);
      assert.deepEqual([...map.entries()], expected);
      assert.deepEqual(
        [...map.keys()],
        expected.map(([key]) => key),
      );
      assert.deepEqual(
        [...map.values()],
        expected.map(([, value]) => value),
      );
      assert.equal(map.size, expected.length);
      assert.deepEqual(
        [...map.entriesFrom(from)],
        expected.filter(([key]) => key >= from),
      );
      for (const [key, value] of expected) assert.equal(map.get(key), value);
      assert.equal(map.has('absent'), false);
      assert.equal(map.get('absent'), undefined);
    }),
  );
});

test('law: edit makes the changes and leaves the original as it was', () => {
  fc.assert(
    fc.property(anyEntries, anyChanges, (entries, changes) => {
      const original = sortedMap(entries);
      const expected = new Map(entries);
      const edited = apply(original, changes);
      for (const [key, value] of changes) {
        if (value === undefined) expected.delete(key);
        else expected.set(key, value);
      }
      assert.deepEqual([...edited.entries()], sorted([...expected]));
      assert.deepEqual([...original.entries()], sorted(entries));
    }),
  );
});

test('law: difference visits what a comparison of all entries finds, in key order', () => {
  fc.assert(
    fc.property(anyEntries, anyChanges, anyChanges, (entries, first, second) => {
      const base = sortedMap(entries);
      const [before, after] = [apply(base, first), apply(base, second)];
      assert.deepEqual(visited(before, after), naiveDifference(before, after));
    }),
  );
});

test('difference of a map with itself visits nothing', () => {
  const map = sortedMap([['a', 1]]);
  assert.deepEqual(visited(map, map), []);
});

test('difference compares values by identity', () => {
  const value = { port: 80 };
  const before = sortedMap([['a', value]]);
  assert.deepEqual(visited(before, sortedMap([['a', value]])), []);
  assert.deepEqual(visited(before, sortedMap([['a', { ...value }]])), ['~a']);
});

test('a map that holds undefined has the key', () => {
  const map = sortedMap([['a', undefined]]);
  assert.equal(map.has('a'), true);
  assert.equal(map.size, 1);
});

function sorted(entries: Entries): Entries {
  return [...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1));
}

function apply(
  map: SortedMap<string, number>,
  changes: readonly (readonly [string, number | undefined])[],
): SortedMap<string, number> {
  return edit(map, (editor) => {
    for (const [key, value] of changes) {
      if (value === undefined) editor.delete(key);
      else editor.set(key, value);
    }
  });
}

function visited<V>(before: SortedMap<string, V>, after: SortedMap<string, V>): string[] {
  const seen: string[] = [];
  difference(before, after, {
    added: (key) => void seen.push(`+${key}`),
    removed: (key) => void seen.push(`-${key}`),
    changed: (key) => void seen.push(`~${key}`),
  });
  return seen;
}

function naiveDifference<V>(before: SortedMap<string, V>, after: SortedMap<string, V>): string[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => (a < b ? -1 : 1));
  return keys.flatMap((key) => {
    if (!before.has(key)) return [`+${key}`];
    if (!after.has(key)) return [`-${key}`];
    return before.get(key) === after.get(key) ? [] : [`~${key}`];
  });
}
