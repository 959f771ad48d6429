import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { availableSchedulers } from '../../../src/kernel/schedulers.ts';

const folder = mkdtempSync(join(tmpdir(), 'fairway-modules-'));
after(() => {
  rmSync(folder, { recursive: true });
});

test('modules and what is built in count, in the order in which ipvsadm(8) has them', async () => {
  const path = 'kernel/net/netfilter/ipvs';
  const modules = [`${path}/ip_vs.ko: x.ko`, `${path}/ip_vs_mh.ko.xz: ${path}/ip_vs.ko.xz`];
  writeFileSync(join(folder, 'modules.dep'), `${modules.join('\n')}\n${path}/ip_vs_ftp.ko:\n`);
  writeFileSync(join(folder, 'modules.builtin'), `${path}/ip_vs_rr.ko\n`);
  assert.deepEqual(await availableSchedulers(folder), ['rr', 'mh']);
});

test('without a list of modules nothing is known', async () => {
  assert.equal(await availableSchedulers(join(folder, 'missing')), undefined);
});
