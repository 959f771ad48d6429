import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lineSplitter } from '../../../src/watch/splitLines.ts';

function split(text: string, chunkBytes: number, maxBytes = 1000): string[] {
  const lines: string[] = [];
  const write = lineSplitter(maxBytes, (line) => lines.push(line));
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    write(bytes.subarray(at, at + chunkBytes));
  }
  return lines;
}

for (const chunkBytes of [1, 2, 3, 5, 1000]) {
  test(`lines are whole whatever the chunks, here of ${String(chunkBytes)} bytes`, () => {
    assert.deepEqual(split('{"a":"grün"}\n{"b":"漢字🚀"}\n', chunkBytes), [
      '{"a":"grün"}',
      '{"b":"漢字🚀"}',
    ]);
  });
}

test('what follows the last newline is not a line', () => {
  assert.deepEqual(split('whole\nhalf', 4), ['whole']);
});

test('empty lines are left out', () => {
  assert.deepEqual(split('\n\na\n\nb\n', 1), ['a', 'b']);
});

test('a line beyond the limit is refused before its end was seen', () => {
  assert.throws(() => split('x'.repeat(50), 10, 20), /at most 20 bytes/);
});

test('the limit holds for each line, not for all', () => {
  assert.equal(split('123456789\n'.repeat(10), 7, 10).length, 10);
});
