import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withLockWait } from '../../../src/kernel/locks.ts';

const TABLE: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  ['iptables-restore', ['--noflush'], ['-w', '5', '--noflush']],
  ['ip6tables-legacy-restore', [], ['-w', '5']],
  ['iptables-nft', ['-S', 'A'], ['-w', '5', '-S', 'A']],
  ['iptables-restore', ['-w', '1'], ['-w', '1']],
  ['iptables-restore', ['--wait'], ['--wait']],
  ['iptables-legacy-save', ['-t', 'nat'], ['-t', 'nat']],
  ['ipset', ['restore'], ['restore']],
];

for (const [program, args, expected] of TABLE) {
  test(`${[program, ...args].join(' ')} runs as ${[program, ...expected].join(' ')}`, () => {
    assert.deepEqual(withLockWait(program, args), expected);
  });
}
