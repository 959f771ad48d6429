import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseServers } from '../../../../src/backends/ipvs/parseServers.ts';
import { memberKey } from '../../../../src/backends/sets/names.ts';
import type { NamedObject } from '../../../../src/backends/sets/names.ts';

const HEADER = `IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
`;

/** What our sets say: these virtual servers are ours. */
const OURS: readonly NamedObject[] = [
  ...['10.96.0.1,tcp:80', '10.96.0.2,tcp:81', '10.96.0.3,sctp:83'].map((entry): NamedObject => [
    memberKey(4, 'KUBE-VIP-OURS', entry),
    '',
  ]),
  [memberKey(6, 'KUBE-VIP-OURS', 'fd00::1,udp:53'), ''],
  [memberKey(4, 'KUBE-EXT-LOCAL', '203.0.113.1,tcp:80'), 'skbmark 0x4d'],
  [memberKey(6, 'KUBE-EXT-LOCAL', '2001:db8::1,tcp:80'), 'skbmark 0x50'],
  // Let in, but not ours: a stranger's on a Service's address.
  [memberKey(4, 'KUBE-VIP-PORT', '10.96.0.1,tcp:443'), ''],
];

const CASES: readonly (readonly [string, string, readonly (readonly [string, string])[]])[] = [
  [
    'a virtual server with its real servers',
    `TCP  10.96.0.1:80 rr
  -> 10.244.1.2:8080              Masq    1      3          4
  -> 10.244.1.3:8080              Masq    0      0          1
  -> 10.244.1.4:8080              Masq    0      0          0         `,
    [
      ['4/ipvs/service/TCP 10.96.0.1:80', '-s rr'],
      ['4/ipvs/server/TCP 10.96.0.1:80 10.244.1.2:8080', '1'],
      ['4/ipvs/server/TCP 10.96.0.1:80 10.244.1.3:8080', '0 busy'],
      ['4/ipvs/server/TCP 10.96.0.1:80 10.244.1.4:8080', '0 idle'],
    ],
  ],
  [
    'flags',
    `TCP  10.96.0.2:81 mh (mh-fallback,mh-port) persistent 300
SCTP 10.96.0.3:83 rr persistent 20 mask 255.255.255.0`,
    [
      ['4/ipvs/service/TCP 10.96.0.2:81', '-s mh -p 300 -b mh-fallback,mh-port'],
      ['4/ipvs/service/SCTP 10.96.0.3:83', '-s rr -p 20 -M 255.255.255.0'],
    ],
  ],
  [
    'IPv6',
    `UDP  [fd00::1]:53 rr persistent 10800
  -> [fd01::3]:53                 Masq    1      0          0         `,
    [
      ['6/ipvs/service/UDP [fd00::1]:53', '-s rr -p 10800'],
      ['6/ipvs/server/UDP [fd00::1]:53 [fd01::3]:53', '1'],
    ],
  ],
  [
    'marks, with and without the masquerade bit',
    `FWM  77 wlc
FWM  16461 rr`,
    [
      ['4/ipvs/service/FWM 77', '-s wlc'],
      ['4/ipvs/service/FWM 16461', '-s rr'],
    ],
  ],
  [
    'marks of IPv6, and the mask of one',
    `FWM  80 IPv6 wlc persistent 300 mask 64
  -> [fd01::3]:8080               Masq    1      0          0         `,
    [
      ['6/ipvs/service/FWM 80', '-s wlc -p 300 -M 64'],
      ['6/ipvs/server/FWM 80 [fd01::3]:8080', '1'],
    ],
  ],
  [
    'one packet at a time',
    'UDP  [fd00::1]:53 rr ops',
    [['6/ipvs/service/UDP [fd00::1]:53', '-s rr -o']],
  ],
  [
    'after a stranger comes one of ours',
    `TCP  10.96.0.1:443 rr
  -> 10.244.1.9:443               Masq    1      0          0
TCP  10.96.0.1:80 rr
  -> 10.244.1.2:8080              Masq    100    0          0         `,
    [
      ['4/ipvs/foreign/TCP 10.96.0.1:443', ''],
      ['4/ipvs/service/TCP 10.96.0.1:80', '-s rr'],
      ['4/ipvs/server/TCP 10.96.0.1:80 10.244.1.2:8080', '100'],
    ],
  ],
  [
    'the record of one protocol or family is not that of another',
    'UDP  10.96.0.1:80 rr',
    [['4/ipvs/foreign/UDP 10.96.0.1:80', '']],
  ],
  ['nothing', '', []],
  [
    "others' virtual servers are only named, and their real servers left out",
    `TCP  10.96.0.1:8080 rr
  -> 10.244.1.2:8080              Route   1      0          0
FWM  78 IPv6 wlc
  -> [fd01::3]:8080               Masq    1      0          0         `,
    [
      ['4/ipvs/foreign/TCP 10.96.0.1:8080', ''],
      ['6/ipvs/foreign/FWM 78', ''],
    ],
  ],
];

for (const [what, list, expected] of CASES) {
  test(`ipvsadm -Ln: ${what}`, () => {
    assert.deepEqual(parseServers(`${HEADER}${list}\n`, OURS), expected);
  });
}
