import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allocate } from '../../../../src/relay/native/memory.ts';
import { parseSocketAddress } from '../../../../src/relay/native/socketAddress.ts';
import { writeRefusal } from '../../../../src/relay/udp/refusal.ts';

function refusal(client: string, dialled: string): string {
  const memory = allocate(56);
  const [from, to] = [parseSocketAddress(client), parseSocketAddress(dialled)];
  const length = writeRefusal(memory, from, to);
  return Buffer.from(memory.bytes.subarray(0, length)).toString('hex');
}

test('port unreachable quotes the header of what the client sent', () => {
  const icmp = '0303ea8b' + '00000000';
  const ip = '4500001c00000000' + '40117dbd' + 'c0a83202' + '0a60000a';
  assert.equal(refusal('192.168.50.2:4660', '10.96.0.10:53'), `${icmp}${ip}1234003500080000`);
});

test('the same for IPv6, whose checksum the kernel makes', () => {
  const ip = '6000000000081140';
  const from = 'fd000050000000000000000000000002';
  const to = 'fd000096000000000000000000000010';
  const expected = `0104000000000000${ip}${from}${to}1234003500080000`;
  assert.equal(refusal('[fd00:50::2]:4660', '[fd00:96::10]:53'), expected);
});
