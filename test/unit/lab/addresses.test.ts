import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clientAddress, ownerOf, resolveTarget } from '../../lab/scenario/addresses.ts';

describe('resolveTarget', () => {
  const names = { web: '10.96.0.10', web6: 'fd00:10:96::10' };
  const table: readonly [string, string, number][] = [
    ['10.96.0.1:80', '10.96.0.1', 80],
    ['[fd00::1]:80', 'fd00::1', 80],
    ['web:80', '10.96.0.10', 80],
    ['web6:80', 'fd00:10:96::10', 80],
    ['node1:30080', '192.0.2.11', 30080],
    ['node1.v6:30080', '2001:db8::11', 30080],
    ['localhost:1', '127.0.0.1', 1],
    ['localhost.v6:1', '::1', 1],
  ];
  for (const [target, address, port] of table) {
    test(target, () => {
      assert.deepEqual(resolveTarget(target, names), { address, port });
    });
  }

  test('an unknown name is refused with the names there are', () => {
    assert.throws(
      () => resolveTarget('wbe:80', names),
      /"wbe" is neither .* \(web, web6, internet/,
    );
  });

  test('a target without a port is refused', () => {
    assert.throws(() => resolveTarget('web', names), /expected ADDRESS:PORT, found "web"/);
  });
});

describe('ownerOf', () => {
  const table: readonly [string, string][] = [
    ['10.244.1.11', 'pod1a'],
    ['fd00:10:244:2::13', 'pod2c'],
    ['10.244.1.1', 'node1'],
    ['2001:db8::12', 'node2'],
    ['192.0.2.100', 'client'],
    [clientAddress('10.96.0.1', 200), 'client'],
    [clientAddress('fd00::1', 200), 'client'],
    ['10.244.1.130', '10.244.1.130'],
  ];
  for (const [address, owner] of table) {
    test(`${address} is ${owner}`, () => {
      assert.equal(ownerOf(address), owner);
    });
  }
});
