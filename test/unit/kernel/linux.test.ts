import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KernelError } from '../../../src/kernel/errors.ts';
import { linuxKernel } from '../../../src/kernel/linux.ts';

const kernel = linuxKernel();

test('a program is listed, and run with its input', async () => {
  assert.equal(await kernel.list('printf', ['rules\\n']), 'rules\n');
  const run = { kind: 'run', purpose: '', program: 'grep', args: ['-q', 'wanted'] } as const;
  await kernel.apply({ ...run, stdin: 'wanted\n' });
  await assert.rejects(kernel.apply({ ...run, stdin: 'other\n' }), KernelError);
});

test('sysctls are those of the running kernel', async () => {
  assert.equal(await kernel.sysctl('kernel.ostype'), 'Linux');
  assert.equal(await kernel.sysctl('kernel.nonesuch'), undefined);
  // It has that value already, so that nothing is written.
  await kernel.apply({ kind: 'sysctl', purpose: '', name: 'kernel.ostype', value: 'Linux' });
});

test('sysctls are written where they are said to be', async (t) => {
  const procSys = mkdtempSync(join(tmpdir(), 'fairway-sysctl-'));
  t.after(() => rmSync(procSys, { recursive: true }));
  mkdirSync(join(procSys, 'net'));
  writeFileSync(join(procSys, 'net/one'), '0\n');
  const mounted = linuxKernel({ procSys });
  await mounted.apply({ kind: 'sysctl', purpose: '', name: 'net.one', value: '1' });
  assert.equal(await mounted.sysctl('net.one'), '1');
});

test('a listing that takes too long is ended', async () => {
  const impatient = linuxKernel({ listTimeoutMs: 20 });
  await assert.rejects(impatient.list('sleep', ['60']), (error) => {
    return error instanceof KernelError && error.kind === 'timed-out';
  });
});
