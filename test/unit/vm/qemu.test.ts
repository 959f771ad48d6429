import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CACHE } from '../../vm/prepare.ts';
import { qemuArgs } from '../../vm/qemu.ts';

const args = qemuArgs({ kernel: '/k/vmlinuz', initramfs: '/k/initramfs' });

/** What follows this argument, each time that it is there. */
function valuesOf(name: string): readonly (string | undefined)[] {
  return args.flatMap((arg, index) => (arg === name ? [args[index + 1]] : []));
}

test("the guest cannot write to the host's root", () => {
  const [virtfs] = valuesOf('-virtfs');
  assert.match(virtfs ?? '', /path=\/,.*readonly=on/);
});

test("the kernel's console is not where the command prints", () => {
  assert.deepEqual(valuesOf('-serial'), [`file:${CACHE}/console.log`, 'stdio']);
  assert.match(valuesOf('-append')[0] ?? '', /^console=ttyS0 /);
});

test('what the guest runs is found also where its path has blanks', () => {
  assert.match(valuesOf('-append')[0] ?? '', new RegExp(`"fairway_cache=${CACHE}"`));
});
