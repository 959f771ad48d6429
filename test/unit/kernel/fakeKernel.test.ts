/** The fake must refuse what the kernel refuses, or tests over it prove nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KernelError } from '../../../src/kernel/errors.ts';
import type { Kernel } from '../../../src/kernel/kernel.ts';
import { fakeKernel } from '../../support/fakeKernel.ts';
import { faultyKernel } from '../../support/faultyKernel.ts';

function restore(kernel: Kernel, ...lines: string[]): Promise<void> {
  const stdin = `${lines.join('\n')}\n`;
  const args = ['-w', '5', '--noflush'];
  return kernel.apply({ kind: 'run', purpose: '', program: 'iptables-nft-restore', args, stdin });
}

function restoreSets(kernel: Kernel, ...lines: string[]): Promise<void> {
  const stdin = `${lines.join('\n')}\n`;
  const args = ['restore', '-exist'];
  return kernel.apply({ kind: 'run', purpose: '', program: 'ipset', args, stdin });
}

function refusedAt(line: string): (error: unknown) => boolean {
  return (error) => error instanceof KernelError && error.details.inputLine === line;
}

test('what was restored is saved, chains sorted, insertions at their place', async () => {
  const kernel = fakeKernel();
  await restore(
    kernel,
    '*nat',
    ':B - [0:0]',
    ':A - [0:0]',
    '-A A -j B',
    '-I PREROUTING 1 -j A',
    'COMMIT',
  );
  await restore(kernel, '*nat', '-I PREROUTING -j B', '-D PREROUTING -j A', 'COMMIT');
  assert.equal(
    await kernel.list('iptables-nft-save', []),
    [
      '*nat',
      ':PREROUTING ACCEPT [0:0]',
      ':INPUT ACCEPT [0:0]',
      ':OUTPUT ACCEPT [0:0]',
      ':POSTROUTING ACCEPT [0:0]',
      ':A - [0:0]',
      ':B - [0:0]',
      '-A PREROUTING -j B',
      '-A A -j B',
      'COMMIT',
      '',
    ].join('\n'),
  );
  assert.equal(await kernel.list('ip6tables-nft-save', []), '');
  assert.equal(await kernel.list('iptables-nft-save', ['-t', 'filter']), '');
});

test('a declared chain is emptied', async () => {
  const kernel = fakeKernel();
  await restore(kernel, '*nat', ':A - [0:0]', '-A A -j RETURN', 'COMMIT');
  await restore(kernel, '*nat', ':A - [0:0]', 'COMMIT');
  assert.doesNotMatch(kernel.dump(), /-A A/);
});

const SET_UP = ['*nat', ':A - [0:0]', ':B - [0:0]', '-A A -j B', 'COMMIT'];

const REFUSED: readonly (readonly [string, string])[] = [
  ['a jump to a chain that is not there', '-A A -j NOPE'],
  ['a jump to a built-in chain', '-A A -j PREROUTING'],
  ['a rule in a chain that is not there', '-A NOPE -j RETURN'],
  ['deleting a chain that is jumped to', '-X B'],
  ['deleting a chain with rules', '-X A'],
  ['deleting a chain that is not there', '-X NOPE'],
  ['deleting a built-in chain', '-X PREROUTING'],
  ['deleting a rule that is not there', '-D A -j RETURN'],
  ['an insertion behind the end', '-I A 3 -j RETURN'],
  ['a chain name of 29 characters', `:${'x'.repeat(29)} - [0:0]`],
  ['a match on a set that is not there', '-A A -m set --match-set nope src -j RETURN'],
  ['a command it does not know', '-Q A'],
];

for (const [title, line] of REFUSED) {
  test(`refused, and nothing of the table is done: ${title}`, async () => {
    const kernel = fakeKernel();
    await restore(kernel, ...SET_UP);
    const before = kernel.dump();
    const run = restore(kernel, '*nat', ':C - [0:0]', line, 'COMMIT');
    await assert.rejects(run, refusedAt(line));
    assert.equal(kernel.dump(), before);
  });
}

test('a table that was committed stays when a later one is refused', async () => {
  const kernel = fakeKernel();
  const filter = ['*filter', '-A INPUT -j NOPE', 'COMMIT'];
  await assert.rejects(restore(kernel, ...SET_UP, ...filter), refusedAt('-A INPUT -j NOPE'));
  assert.match(kernel.dump(), /-A A -j B/);
});

test('input without COMMIT is refused', async () => {
  await assert.rejects(restore(fakeKernel(), '*nat', ':A - [0:0]'), KernelError);
});

test('sets: made, filled, listed, destroyed, but not while a rule names them', async () => {
  const kernel = fakeKernel();
  const definition = 'hash:ip family inet hashsize 64 timeout 60';
  await restoreSets(kernel, `create S ${definition}`, `create S ${definition}`, 'add S 10.0.0.1');
  assert.equal(await kernel.list('ipset', ['save']), `create S ${definition}\nadd S 10.0.0.1\n`);
  const header = 'Header: family inet hashsize 64 timeout 60';
  const terse = `Name: S\nType: hash:ip\n${header}\nNumber of entries: 1\n`;
  assert.equal(await kernel.list('ipset', ['list', '-terse']), terse);

  const rule = '-A PREROUTING -m set --match-set S src -j RETURN';
  await restore(kernel, '*nat', rule, 'COMMIT');
  await assert.rejects(restoreSets(kernel, 'destroy S'), refusedAt('destroy S'));
  await restore(kernel, '*nat', rule.replace('-A', '-D'), 'COMMIT');
  await restoreSets(kernel, 'destroy S');
  assert.equal(await kernel.list('ipset', ['save']), '');
  await assert.rejects(restoreSets(kernel, 'add S 10.0.0.1'), refusedAt('add S 10.0.0.1'));
});

test('sysctls: only those that exist can be set', async () => {
  const kernel = fakeKernel({ 'net.a': '0' });
  await kernel.apply({ kind: 'sysctl', purpose: '', name: 'net.a', value: '1' });
  assert.equal(await kernel.sysctl('net.a'), '1');
  const missing = kernel.apply({ kind: 'sysctl', purpose: '', name: 'net.b', value: '1' });
  await assert.rejects(missing, KernelError);
  assert.equal(kernel.asked.length, 2);
});

test('faults: the same for one seed, before or after the work, and none once healed', async () => {
  async function outcomes(seed: number): Promise<readonly string[]> {
    const kernel = fakeKernel();
    const faulty = faultyKernel(kernel, { probability: 0.5, seed });
    const seen: string[] = [];
    for (let round = 0; round < 40; round += 1) {
      const chain = `C${String(round)}`;
      const isDone = await restore(faulty, '*nat', `:${chain} - [0:0]`, 'COMMIT').then(
        () => 'fine',
        () => 'failed',
      );
      seen.push(`${isDone} ${String(kernel.dump().includes(`:${chain} `))}`);
    }
    return seen;
  }
  const first = await outcomes(1);
  assert.deepEqual(await outcomes(1), first);
  assert.notDeepEqual(await outcomes(2), first);
  assert.deepEqual(new Set(first), new Set(['fine true', 'failed true', 'failed false']));

  const always = faultyKernel(fakeKernel(), { probability: 1, seed: 1 });
  await assert.rejects(always.list('ipset', ['save']), KernelError);
  always.heal();
  assert.equal(await always.list('ipset', ['save']), '');
});
