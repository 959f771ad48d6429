import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseOptions } from '../../bench/options.ts';

test('without arguments everything is measured', () => {
  const options = parseOptions([]);
  assert.deepEqual(options?.services, [1000, 10_000, 30_000]);
  assert.deepEqual(options.variants, ['nft', 'legacy', 'userspace']);
  assert.equal(options.effort.changes, 20);
  assert.equal(options.check, false);
});

test('sizes and variants can be chosen', () => {
  const options = parseOptions([
    '--services',
    '500',
    '--variants=legacy',
    '--json',
    'a',
    '--quick',
  ]);
  assert.deepEqual(options?.services, [500]);
  assert.deepEqual(options.variants, ['legacy']);
  assert.equal(options.json, 'a');
  assert.ok(options.effort.changes < 20);
});

test('--help asks for nothing else', () => {
  assert.equal(parseOptions(['--services', '500', '--help']), undefined);
});

const WRONG = [
  { argv: ['--services', '1e3'], says: /--services: expected numbers .*, found "1e3"/ },
  { argv: ['--services', '99'], says: /from 100 to 200000/ },
  { argv: ['--services', ''], says: /found ""/ },
  {
    argv: ['--variants', 'nft,nftables'],
    says: /--variants: expected nft or legacy or ipvs or userspace, found "nftables"/,
  },
  { argv: ['--fast'], says: /--fast/ },
  { argv: ['nft'], says: /nft/ },
];

for (const { argv, says } of WRONG) {
  test(`${argv.join(' ')} is refused`, () => {
    assert.throws(() => parseOptions(argv), says);
  });
}
