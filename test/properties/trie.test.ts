import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EMPTY_TRIE, entriesOf, put, remove } from '../../src/backends/iptables/trie.ts';
import type { Entry, Trie } from '../../src/backends/iptables/trie.ts';

/** Few digits, so that keys crowd together and prefixes move. */
const key = fc.string({
  unit: fc.constantFrom('0', '1', '3'),
  minLength: 6,
  maxLength: 6,
});
const entry: fc.Arbitrary<Entry> = fc.record({
  key,
  id: fc.constantFrom('a', 'b', 'c'),
  weight: fc.integer({ min: 1, max: 12 }),
  rules: fc.constant(rules),
});
const step = fc.oneof(
  fc.record({ do: fc.constant('put' as const), entry }),
  fc.record({ do: fc.constant('remove' as const), entry }),
);

function rules(): string[] {
  return ['-j X'];
}

function build(entries: Iterable<Entry>): Trie {
  let trie = EMPTY_TRIE;
  for (const each of entries) trie = put(trie, each);
  return trie;
}

function leaves(trie: Trie): Trie[] {
  return trie.kind === 'leaf' ? [trie] : trie.children.flatMap((child) => leaves(child.node));
}

test('the shape depends on the content, not on how it came about', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      let trie = EMPTY_TRIE;
      const content = new Map<string, Entry>();
      for (const each of steps) {
        const name = `${each.entry.key} ${each.entry.id}`;
        if (each.do === 'put') {
          trie = put(trie, each.entry);
          content.set(name, each.entry);
        } else {
          trie = remove(trie, each.entry.key, each.entry.id);
          content.delete(name);
        }
      }
      const names = [...content.keys()].sort();
      assert.deepEqual(
        [...entriesOf(trie)].map((each) => `${each.key} ${each.id}`),
        names,
      );
      assert.deepEqual(trie, build([...content.values()].reverse()));
    }),
  );
});

test('no leaf with more than one key holds more than 48 rules', () => {
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 150 }), (entries) => {
      for (const leaf of leaves(build(entries))) {
        const keys = new Set([...entriesOf(leaf)].map((each) => each.key));
        assert.ok(leaf.weight <= 48 || keys.size === 1, `${String(leaf.weight)} rules`);
      }
    }),
  );
});

test('a change leaves the original as it was and shares what it did not touch', () => {
  const entries = Array.from({ length: 256 }, (_, n) => ({
    key: n.toString(16).padStart(6, '0'),
    id: 'a',
    weight: 3,
    rules,
  }));
  const before = build(entries);
  const copy = JSON.stringify(before);
  const after = put(before, { key: '000000', id: 'b', weight: 1, rules });
  assert.equal(JSON.stringify(before), copy);
  assert.ok(before.kind === 'branch' && after.kind === 'branch');
  const shared = after.children.filter((child) => before.children.includes(child));
  assert.equal(shared.length, before.children.length - 1);
});

test('removing what is not there returns the same trie', () => {
  const trie = build([{ key: '00aa00', id: 'a', weight: 1, rules }]);
  assert.equal(remove(trie, '00aa01', 'a'), trie);
  assert.equal(remove(trie, '00aa00', 'b'), trie);
});
