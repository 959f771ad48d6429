/** What the README says of the code is compared with the code. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { printFlagsTable } from '../../src/config/flags.ts';
import { createMetrics } from '../../src/observe/metrics.ts';
import { metricsRoutes } from '../../src/serve/metricsRoutes.ts';
import { profilingRoutes, v8Profiler } from '../../src/serve/profiling.ts';
import { pathsOf } from '../../src/serve/routes.ts';

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

test('every path of the metrics port is told, and no other', () => {
  const { registry } = createMetrics({ version: '', mode: 'iptables' });
  const text = { contentType: '', metrics: () => registry.metrics() };
  const routes = metricsRoutes({
    ...{ mode: '', configz: () => ({}), flagz: () => new Map(), metrics: text },
    component: { name: '', version: '', startedAt: 0, runtime: '' },
    slis: { ...text, reset: () => undefined },
    onPing: () => undefined,
    profiling: { routes: profilingRoutes([], v8Profiler()), setVerbosity: () => undefined },
  });
  const [, shown = ''] = /<!-- paths -->(.*)<!-- \/paths -->/s.exec(README) ?? [];
  const told = cells(shown).flatMap(([, path = '']) =>
    Array.from(path.matchAll(/`([^`]+)`/g), ([, name]) => name),
  );
  assert.deepEqual(told.sort(), pathsOf(routes));
});
