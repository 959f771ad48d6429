import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { KernelError } from '../../../src/kernel/errors.ts';
import { readSysctl, writeSysctl } from '../../../src/kernel/sysctl.ts';

let root = '';

before(async () => {
  root = await mkdtemp(join(tmpdir(), 'fairway-sysctl-'));
  const conf = join(root, 'net/ipv4/conf');
  for (const name of ['all', 'eth0.100']) await mkdir(join(conf, name), { recursive: true });
  await writeFile(join(conf, 'all/route_localnet'), '0\n');
  await writeFile(join(conf, 'eth0.100/rp_filter'), '2\n');
});

after(() => rm(root, { recursive: true }));

test('a value is read without its newline', async () => {
  assert.equal(await readSysctl('net.ipv4.conf.all.route_localnet', root), '0');
});

test('an interface with a dot is spelled as sysctl(8) spells it, either way round', async () => {
  assert.equal(await readSysctl('net.ipv4.conf.eth0/100.rp_filter', root), '2');
  assert.equal(await readSysctl('net/ipv4/conf/eth0.100/rp_filter', root), '2');
});

test('a sysctl that this kernel lacks reads as undefined and cannot be set', async () => {
  assert.equal(await readSysctl('net.ipv4.nonesuch', root), undefined);
  await assert.rejects(
    writeSysctl('net.ipv4.nonesuch', '1', root),
    (error) => error instanceof KernelError && error.kind === 'rejected',
  );
});

test('a value is set', async () => {
  await writeSysctl('net.ipv4.conf.all.route_localnet', '1', root);
  assert.equal(await readSysctl('net.ipv4.conf.all.route_localnet', root), '1');
});

test('a value that is right already is not written', async () => {
  const file = join(root, 'net/ipv4/conf/eth0.100/rp_filter');
  await writeSysctl('net.ipv4.conf.eth0/100.rp_filter', '2', root);
  assert.equal(await readFile(file, 'utf8'), '2\n');
});

test('a name cannot lead out of the folder', async () => {
  for (const name of ['../etc/passwd', 'net/../../etc', 'net..ipv4', '/etc/passwd']) {
    await assert.rejects(readSysctl(name, root), RangeError);
  }
});
