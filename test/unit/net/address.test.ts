import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  familyOf,
  digitsToCidr,
  ipDigits,
  ipInCidr,
  isRefusedAddress,
  parseCidr,
  parseIp,
} from '../../../src/net/address.ts';
import type { Cidr, Ip } from '../../../src/net/address.ts';

const CANONICAL: readonly (readonly [string, string])[] = [
  ['10.0.0.1', '10.0.0.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['::', '::'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['FD00:0010::00AB', 'fd00:10::ab'],
  // RFC 5952: one group of zeros is written out, of two runs the longer or first is shortened.
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
];

for (const [text, canonical] of CANONICAL) {
  test(`parseIp: ${text} is ${canonical}`, () => {
    assert.equal(parseIp(text), canonical);
  });
}

const NO_ADDRESSES = [
  ...['', ' 10.0.0.1', '10.0.0.1\n', '10.0.0.01', '010.0.0.1', '0x0a.0.0.1', '10.1', '167772161'],
  ...['10.0.0.256', '10.0.0.1.1', '10.0.0.1/32', '10.0.0.-1', '١٠.0.0.1', '10.0.0.1,10.0.0.2'],
  ...['fe80::1%eth0', '[fd00::1]', '::ffff:10.0.0.1', '::ffff:a00:1', '::10.0.0.1', '::a00:1'],
  ...[':::', '1::2::3', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7', '12345::', ':1:2:3:4:5:6:7', 'g::'],
];

for (const text of NO_ADDRESSES) {
  test(`parseIp refuses ${JSON.stringify(text)}`, () => {
    assert.equal(parseIp(text), undefined);
  });
}

const CIDRS: readonly (readonly [string, string | undefined])[] = [
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['10.1.2.3/32', '10.1.2.3/32'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['::/0', '::/0'],
  ['fd00:0::1/108', 'fd00::/108'],
  ['10.0.0.0/08', undefined],
  ['10.0.0.0/33', undefined],
  ['fd00::/129', undefined],
  ['10.0.0.0/', undefined],
  ['10.0.0.0', undefined],
  ['10.0.0.0/8/8', undefined],
  ['10.0.0.0/255.0.0.0', undefined],
  ['10.0.0.0/-1', undefined],
  ['10.0/16', undefined],
  [' 10.0.0.0/8', undefined],
  ['::ffff:10.0.0.0/104', undefined],
];

for (const [text, expected] of CIDRS) {
  test(`parseCidr: ${JSON.stringify(text)} is ${String(expected)}`, () => {
    assert.equal(parseCidr(text), expected);
  });
}

const REFUSED = [
  ...['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.254', '169.254.169.254', '224.0.0.1'],
  ...['239.255.255.255', '255.255.255.255', '::', '::1', 'fe80::1', 'febf:ffff::1', 'ff02::1'],
  ...['192.0.0.8', '192.0.0.9', '100::8', '100::9'],
];
const USABLE = [
  ...['10.0.0.1', '100.64.0.1', '169.253.0.1', '192.168.0.1', '223.255.255.255', '240.0.0.1'],
  ...['192.0.0.7', '192.0.0.10', '100::a'],
  ...['fd00::1', '2001:db8::1', 'fe8::1', 'ff0::1', 'fec0::1', '::5', '1::'],
];

for (const [texts, expected] of [[REFUSED, true] as const, [USABLE, false] as const]) {
  for (const text of texts) {
    test(`isRefusedAddress(${text}) is ${String(expected)}`, () => {
      assert.equal(isRefusedAddress(parsed(text)), expected);
    });
  }
}

test('ipInCidr compares bits and never crosses families', () => {
  assert.equal(ipInCidr(parsed('10.1.2.3'), '10.0.0.0/8' as Cidr), true);
  assert.equal(ipInCidr(parsed('11.1.2.3'), '10.0.0.0/8' as Cidr), false);
  assert.equal(ipInCidr(parsed('fd00::5'), 'fd00::/108' as Cidr), true);
  assert.equal(ipInCidr(parsed('fd00::5'), '0.0.0.0/0' as Cidr), false);
});

test('digitsToCidr names the addresses that begin with the digits', () => {
  assert.equal(digitsToCidr('', 4), '0.0.0.0/0');
  assert.equal(digitsToCidr('002212', 4), '10.96.0.0/12');
  assert.equal(digitsToCidr('0022120000000001', 4), '10.96.0.1/32');
  assert.equal(digitsToCidr('33310000000001', 6), 'fd00:10::/28');
  assert.equal(digitsToCidr('', 6), '::/0');
});

const anyIp = fc
  .oneof(fc.ipV4(), fc.ipV6())
  .map(parseIp)
  .filter((ip) => ip !== undefined);

test('law: canonical text parses to itself', () => {
  fc.assert(fc.property(anyIp, (ip) => parseIp(ip) === ip));
});

test('law: ipDigits has all bits, and digitsToCidr is its inverse', () => {
  fc.assert(
    fc.property(anyIp, (ip) => {
      const family = familyOf(ip);
      const digits = ipDigits(ip);
      assert.match(digits, family === 4 ? /^[0-3]{16}$/ : /^[0-3]{64}$/);
      assert.equal(digitsToCidr(digits, family), `${ip}/${family === 4 ? '32' : '128'}`);
    }),
  );
});

test('law: an address is inside the CIDR of each of its prefixes', () => {
  fc.assert(
    fc.property(anyIp, fc.nat(32), (ip, digits) => {
      const prefix = digitsToCidr(ipDigits(ip).slice(0, digits), familyOf(ip));
      assert.equal(parseCidr(prefix), prefix);
      assert.equal(ipInCidr(ip, prefix), true);
    }),
  );
});

function parsed(text: string): Ip {
  const ip = parseIp(text);
  assert.ok(ip !== undefined, text);
  return ip;
}
