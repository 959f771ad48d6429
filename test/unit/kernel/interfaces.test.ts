import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { ownAddresses } from '../../../src/kernel/interfaces.ts';

function info(address: string): NetworkInterfaceInfo {
  const rest = { netmask: '', mac: '', internal: false, cidr: null };
  return address.includes(':')
    ? { ...rest, address, family: 'IPv6', scopeid: 0 }
    : { ...rest, address, family: 'IPv4' };
}

test('addresses of all interfaces, each once, sorted', () => {
  const interfaces = {
    lo: [info('127.0.0.1'), info('::1')],
    eth0: [info('192.0.2.1'), info('2001:db8::1'), info('10.0.0.1')],
    'eth0.100': [info('10.0.0.1')],
    gone: undefined,
  };
  assert.deepEqual(ownAddresses(interfaces), [
    '10.0.0.1',
    '127.0.0.1',
    '192.0.2.1',
    '2001:db8::1',
    '::1',
  ]);
});

test('this machine has some', () => {
  assert.ok(ownAddresses().length > 0);
});
