import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { itemSplitter } from '../../../src/watch/splitItems.ts';

interface Split {
  readonly items: unknown[];
  readonly envelope: unknown;
}

function split(text: string, chunkBytes = 7, maxBytes = 100_000): Split {
  const items: unknown[] = [];
  const splitter = itemSplitter(maxBytes, (item) => items.push(JSON.parse(item)));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    splitter.write(bytes.subarray(at, at + chunkBytes));
  }
  return { items, envelope: JSON.parse(splitter.end()) };
}

test('items are handed out one by one and the rest is what remains', () => {
  const list = { kind: 'ServiceList', metadata: { resourceVersion: '7' }, items: [{ a: 1 }, {}] };
  assert.deepEqual(split(JSON.stringify(list)), {
    items: [{ a: 1 }, {}],
    envelope: { ...list, items: [] },
  });
});

test('an items array inside an item or inside other fields is no list', () => {
  const list = { metadata: { items: [{ no: 1 }] }, items: [{ items: [{ no: 2 }] }], z: [{}] };
  assert.deepEqual(split(JSON.stringify(list)), {
    items: [{ items: [{ no: 2 }] }],
    envelope: { ...list, items: [] },
  });
});

for (const text of ['{"items":[]}', '{"items":null}', '{"items":[ ] , "metadata":{}}', '{}']) {
  test(`no items in ${text}`, () => {
    assert.deepEqual(split(text), { items: [], envelope: JSON.parse(text) as unknown });
  });
}

test('white space does not matter', () => {
  const list = { items: [{ a: [1, { b: 2 }] }, { c: 3 }], metadata: { continue: 'x' } };
  assert.deepEqual(split(JSON.stringify(list, null, 4)).items, list.items);
});

test('an item beyond the limit is refused', () => {
  const list = JSON.stringify({ items: [{ a: 'x'.repeat(100) }] });
  assert.throws(() => split(list, 10, 50), /at most 50 bytes/);
});

test('so is a body that never comes to its items', () => {
  assert.throws(() => split(JSON.stringify({ a: 'x'.repeat(100) }), 10, 50), /at most 50 bytes/);
});

test('law: what is split is what JSON.parse sees, for any text and any chunks', () => {
  fc.assert(
    fc.property(
      fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())),
      fc.dictionary(fc.constantFrom('kind', 'metadata', 'it"ems', 'a\\'), fc.jsonValue()),
      fc.integer({ min: 1, max: 40 }),
      (items, rest, chunkBytes) => {
        const list = { ...rest, items };
        const text = JSON.stringify(list);
        const { items: found, envelope } = split(text, chunkBytes);
        assert.equal(JSON.stringify(found), JSON.stringify(items));
        assert.equal(JSON.stringify(envelope), JSON.stringify({ ...list, items: [] }));
      },
    ),
  );
});
