import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balanceRules, chanceMatch } from '../../../../src/backends/iptables/endpoint.ts';
import { endpoint } from '../../../support/servicePorts.ts';

// As iptables-save prints what the kernel makes of 1/n.
for (const [remaining, probability] of [
  [2, '0.50000000000'],
  [3, '0.33333333349'],
  [7, '0.14285714272'],
  [1000, '0.00100000016'],
] as const) {
  test(`one of ${String(remaining)} choices has probability ${probability}`, () => {
    assert.equal(
      chanceMatch(remaining),
      `-m statistic --mode random --probability ${probability} `,
    );
  });
}

test('the last choice is taken without asking', () => {
  assert.equal(chanceMatch(1), '');
});

test('an IPv6 endpoint stands in brackets', () => {
  assert.deepEqual(balanceRules([endpoint('fd00::5', 53)], '', 'UDP'), [
    '-p udp -j DNAT --to-destination [fd00::5]:53',
  ]);
});

test('the chances of endpoints in a row are even', () => {
  const endpoints = Array.from({ length: 40 }, (_, n) => endpoint(`10.0.0.${String(n + 1)}`));
  let left = 1;
  for (const rule of balanceRules(endpoints, '', 'TCP')) {
    const chance = Number(/--probability (\S+)/.exec(rule)?.[1] ?? 1);
    assert.ok(Math.abs(left * chance - 1 / 40) < 1e-7, rule);
    left *= 1 - chance;
  }
});
