import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import { KernelError } from '../../../src/kernel/errors.ts';
import { ownProcess } from '../../../src/kernel/ownProcess.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairway-own-'));
const file = join(folder, 'oom_score_adj');
after(() => {
  rmSync(folder, { recursive: true });
});

test('the score is read and set', async () => {
  writeFileSync(file, '-997\n');
  const own = ownProcess(folder);
  assert.equal(await own.oomScoreAdj(), -997);
  await own.setOomScoreAdj(-999);
  assert.equal(readFileSync(file, 'utf8').trim(), '-999');
});

test('where there is no such file, nothing is known, nothing is made, and the error says what for', async () => {
  const own = ownProcess(join(folder, 'nowhere'));
  assert.equal(await own.oomScoreAdj(), undefined);
  await assert.rejects(own.setOomScoreAdj(-999), (error) => {
    return error instanceof KernelError && /\(ENOENT\).*CAP_SYS_RESOURCE/.test(error.message);
  });
});

test('all processors of the machine count', () => {
  assert.equal(ownProcess().processors, cpus().length);
});
