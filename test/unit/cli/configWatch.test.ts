import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { watchConfig } from '../../../src/cli/configWatch.ts';

const TIMEOUT = { timeout: 30_000 };

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'fairway-watch-'));
  t.after(() => {
    rmSync(path, { recursive: true });
  });
  return path;
}

/** Resolves at the first notice. */
async function noticed(t: TestContext, path: string, change: () => void): Promise<void> {
  await new Promise<void>((resolve) => {
    const watching = watchConfig({ config: path }, resolve);
    // What tells of changes does not keep a process alive.
    const alive = setInterval(() => undefined, 1000);
    t.after(() => {
      watching.close();
      clearInterval(alive);
    });
    change();
  });
}

test('a file that is written', TIMEOUT, async (t) => {
  const path = join(folder(t), 'config.conf');
  writeFileSync(path, 'mode: ""\n');
  await noticed(t, path, () => {
    writeFileSync(path, 'mode: ipvs\n');
  });
});

test('a file that another takes the place of', TIMEOUT, async (t) => {
  const path = join(folder(t), 'config.conf');
  writeFileSync(path, 'mode: ""\n');
  await noticed(t, path, () => {
    writeFileSync(`${path}.new`, 'mode: ipvs\n');
    renameSync(`${path}.new`, path);
  });
});

test("a ConfigMap's link that is turned to another folder", TIMEOUT, async (t) => {
  const mount = folder(t);
  for (const version of ['..1', '..2']) {
    mkdirSync(join(mount, version));
    writeFileSync(join(mount, version, 'config.conf'), `# ${version}\n`);
  }
  symlinkSync('..1', join(mount, '..data'));
  symlinkSync(join('..data', 'config.conf'), join(mount, 'config.conf'));
  await noticed(t, join(mount, 'config.conf'), () => {
    symlinkSync('..2', join(mount, '..data_tmp'));
    renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
  });
});

test('without a file there is nothing to watch', () => {
  watchConfig({}, () => assert.fail()).close();
  assert.equal(typeof watchConfig({ config: '' }, () => assert.fail()).close, 'function');
});
