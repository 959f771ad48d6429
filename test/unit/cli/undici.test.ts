/** What the agent loads before it does anything: memory on every node of a cluster. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import process from 'node:process';
import { test } from 'node:test';

const LOADED = `await import('./src/cli/run.ts'); console.log(process.moduleLoadList.join('\\n'));`;

test('an agent loads no undici, which an import of node:http would bring', () => {
  const args = ['--input-type=module', '-e', LOADED];
  const loaded = execFileSync(process.execPath, args, { encoding: 'utf8' });
  assert.match(loaded, /^NativeModule http$/m);
  assert.doesNotMatch(loaded, /undici/);
});
