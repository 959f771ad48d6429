import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { loadScenario } from '../../lab/scenario/load.ts';

function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(tmpdir(), 'scenario-'));
  t.after(() => {
    rmSync(path, { recursive: true });
  });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
}

test('steps take their objects from the file of their name, where there is one', (t) => {
  const flows = 'describe: x\nthen:\n  - step: gone\n  - step: later\n    pauseSeconds: 1\n';
  const path = folder(t, {
    'flows.yaml': flows,
    'objects.yaml': 'first',
    'objects.gone.yaml': 'gone',
  });
  const { steps } = loadScenario(path, 'x');
  assert.deepEqual(
    steps.map(({ name, objects, pauseSeconds }) => [name, objects, pauseSeconds]),
    [
      ['', 'first', undefined],
      ['gone', 'gone', undefined],
      ['later', undefined, 1],
    ],
  );
});

test('a misspelt field is reported with its file and place', (t) => {
  const flows = 'describe: x\nflows:\n  - { from: client, to: "10.0.0.1:80", expcet: drop }\n';
  const path = folder(t, { 'flows.yaml': flows, 'objects.yaml': '' });
  assert.throws(() => loadScenario(path, 'x'), /flows\.yaml:\n[^]*"expcet"[^]*flows\[0\]/);
});

test('a member that is not in the lab is reported with those that are', (t) => {
  const flows = 'describe: x\nflows:\n  - { from: pod9, to: "10.0.0.1:80", expect: drop }\n';
  const path = folder(t, { 'flows.yaml': flows, 'objects.yaml': '' });
  assert.throws(() => loadScenario(path, 'x'), /no "pod9" in the lab; there are: internet, client/);
});
