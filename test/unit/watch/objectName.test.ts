import assert from 'node:assert/strict';
import { test } from 'node:test';
import { objectName, resourceVersionOf } from '../../../src/watch/objectName.ts';

test('an object is named by its namespace and name', () => {
  assert.equal(objectName({ metadata: { namespace: 'a', name: 'b' } }), 'a/b');
  assert.equal(objectName({ metadata: { name: 'b' } }), '/b');
});

for (const object of [
  undefined,
  null,
  1,
  'a',
  [],
  {},
  { metadata: null },
  { metadata: { name: 1 } },
]) {
  test(`${JSON.stringify(object)} has neither name nor version`, () => {
    assert.equal(objectName(object), undefined);
    assert.equal(resourceVersionOf(object), undefined);
  });
}

test('the version is opaque text', () => {
  assert.equal(resourceVersionOf({ metadata: { resourceVersion: '7' } }), '7');
});
