/** What the README says of the DaemonSet is what there is. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { containersOf, podOf } from './manifests/pod.ts';
import { APPLICABLE, FOLDER, render, whyNoKubectl } from './manifests/render.ts';

const ROOT = resolve(FOLDER, '..');
const README = readFileSync(resolve(ROOT, 'README.md'), 'utf8');
const INSTALL = between('## Install\n', '\n## ');

function between(start: string, end: string): string {
  const from = README.indexOf(start);
  assert.notEqual(from, -1, start.trim());
  return README.slice(from, README.indexOf(end, from + start.length));
}

function cellsOf(table: string): readonly (readonly string[])[] {
  const rows = table.split('\n').filter((line) => line.startsWith('| '));
  // Behind the heads and the line below them.
  return rows.slice(2).map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function quoted(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = '']) => text);
}

test('every folder that is to be applied can be, and each is spoken of', () => {
  const named = [...INSTALL.matchAll(/ -k daemonset\/([\w-]+)/g)].map(([, name = '']) => name);
  const offered = [...INSTALL.matchAll(/# or daemonset\/(\w+), or daemonset\/(\w+)/g)];
  const all = new Set([...named, ...offered.flatMap(([, ...names]) => names)]);
  assert.deepEqual([...all].sort(), [...APPLICABLE].sort());
});

test('files that are linked are there', () => {
  const links = [...INSTALL.matchAll(/\]\(([^)#]+)\)/g)].map(([, path = '']) => path);
  assert.notDeepEqual(links, []);
  for (const path of links) assert.notEqual(readFileSync(resolve(ROOT, path), 'utf8'), '', path);
});

test('capabilities are those of the manifests', { skip: whyNoKubectl() }, () => {
  const rows = cellsOf(between('### What a pod may do\n', '\n`NET_RAW`'));
  const usual = ['NET_ADMIN', 'NET_RAW'];
  const shown = rows.map(([mode = '', cell = '']) => {
    const names = quoted(cell);
    return [mode, (cell.startsWith('the same') ? [...usual, ...names] : names).toSorted()];
  });
  const folders = { iptables: 'iptables', ipvs: 'ipvs', userspace: 'userspace' } as const;
  const found = Object.entries({ ...folders, 'clean-up': 'cleanup' } as const).map(
    ([mode, folder]) => {
      const containers = containersOf(podOf(render(folder)));
      const added = containers.flatMap((each) => each.securityContext.capabilities.add);
      return [mode, [...new Set(added)].toSorted()];
    },
  );
  assert.deepEqual(shown, found);
});

/** Of Kubernetes and kmod, and fields of files. */
const NOT_OURS = ['CrashLoopBackOff', 'Init:Error', 'Module ip_vs not found'];

test('lines of the log that are told about are in the code', () => {
  const sources = globSync('src/**/*.ts', { cwd: ROOT });
  const code = sources.map((file) => readFileSync(resolve(ROOT, file), 'utf8')).join('\n');
  const rows = cellsOf(between('### When something is wrong\n', '\n## '));
  const told = rows.flatMap(([seen = '', , found = '']) => [...quoted(seen), ...quoted(found)]);
  const lines = told.filter((text) => !/[:/.=]|^[A-Z]+$/.test(text) && !NOT_OURS.includes(text));
  assert.ok(lines.length >= 5, lines.join(', '));
  for (const line of lines) assert.ok(code.includes(line), line);
});
