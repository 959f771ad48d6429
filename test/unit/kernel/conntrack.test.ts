import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deletionArgs, parseFlow } from '../../../src/kernel/conntrack.ts';
import type { UdpFlow } from '../../../src/kernel/conntrack.ts';
import type { Family } from '../../../src/net/family.ts';

const DNS: UdpFlow = {
  family: 4,
  originalDestination: '10.96.0.10',
  originalPort: 53,
  replySource: '10.0.0.9',
  replySourcePort: 5353,
};

const DNS6: UdpFlow = {
  ...DNS,
  family: 6,
  originalDestination: 'fd00::10',
  replySource: 'fd00::1',
};

/** Lines as conntrack 1.4.7 prints them. */
const LINES: readonly (readonly [string, Family, string, UdpFlow | undefined])[] = [
  [
    'a flow without a reply yet',
    4,
    'udp      17 29 src=10.96.0.1 dst=10.96.0.10 sport=58190 dport=53 [UNREPLIED] src=10.0.0.9 dst=10.96.0.1 sport=5353 dport=58190 mark=0 use=1',
    DNS,
  ],
  [
    'an answered flow',
    4,
    'udp      17 27 src=10.96.0.1 dst=10.96.0.10 sport=58190 dport=53 src=10.0.0.9 dst=10.96.0.1 sport=5353 dport=58190 mark=0 use=1',
    DNS,
  ],
  [
    'an assured flow, with accounting',
    4,
    'udp      17 119 src=10.96.0.1 dst=10.96.0.10 sport=58190 dport=53 packets=3 bytes=87 src=10.0.0.9 dst=10.96.0.1 sport=5353 dport=58190 packets=2 bytes=58 [ASSURED] mark=0 use=1',
    DNS,
  ],
  [
    'IPv6',
    6,
    'udp      17 29 src=fd00::1 dst=fd00::10 sport=59149 dport=53 [UNREPLIED] src=fd00::1 dst=fd00::1 sport=5353 dport=59149 mark=0 use=1',
    DNS6,
  ],
  [
    'another protocol',
    4,
    'tcp      6 431999 ESTABLISHED src=10.0.0.1 dst=10.96.0.1 sport=1 dport=443 src=10.0.0.2 dst=10.0.0.1 sport=6443 dport=1 [ASSURED] mark=0 use=1',
    undefined,
  ],
  ['an empty line', 4, '', undefined],
];

for (const [title, family, line, expected] of LINES) {
  test(`parse: ${title}`, () => {
    assert.deepEqual(parseFlow(family, line), expected);
  });
}

test('a flow is deleted by what makes it stale, not by its client', () => {
  assert.equal(
    deletionArgs(DNS6).join(' '),
    '-D -f ipv6 -p udp -w 0 --orig-dst fd00::10 --orig-port-dst 53 --reply-src fd00::1 --reply-port-src 5353',
  );
});
