import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printTable } from '../../bench/table.ts';

test('texts are aligned to the left, figures to the right', () => {
  const rows = [
    ['a', '1 s'],
    ['bcd', '1,000 s'],
  ];
  assert.equal(
    printTable(['what', 'time'], rows),
    [
      '| what |    time |',
      '| ---- | ------: |',
      '| a    |     1 s |',
      '| bcd  | 1,000 s |',
      '',
    ].join('\n'),
  );
});

test('a row may lack cells at its end', () => {
  assert.match(printTable(['what', 'time'], [['a']]), /^\| a {4}\| {6}\|$/m);
});
