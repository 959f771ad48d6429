/** What the README says of the code is compared with the code. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { printFlagsTable } from '../../src/config/flags.ts';

const README = readFileSync('README.md', 'utf8');

/** A Markdown table without its padding, which the formatter is free to choose. */
function cells(table: string): string[][] {
  const rows = table.split('\n').filter((line) => line.startsWith('|') && !/^[|\s:-]+$/.test(line));
  return rows.map((row) => row.split('|').map((cell) => cell.trim()));
}

test('the table of flags is the code’s', () => {
  const [, shown = ''] = /<!-- flags -->(.*)<!-- \/flags -->/s.exec(README) ?? [];
  assert.deepEqual(cells(shown), cells(printFlagsTable()));
});

test('every script that it names exists', () => {
  const named = new Set(README.match(/scripts\/[\w./-]*\w/g));
  assert.ok(named.size > 4);
  for (const path of named) assert.ok(existsSync(path), path);
});

for (const file of ['README.md', 'src/README.md', 'src/backends/iptables/README.md']) {
  test(`every link in ${file} leads to a file`, () => {
    const folder = file.replace(/[^/]*$/, '');
    const links = readFileSync(file, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g);
    for (const [, target = ''] of links) assert.ok(existsSync(folder + target), target);
  });
}
