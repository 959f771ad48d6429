/** What is given to the tools for a change of single objects, and in which order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Installed, ObjectKey } from '../../../../src/backends/backend.ts';
import { planIpvs } from '../../../../src/backends/ipvs/restore.ts';
import type { Operation } from '../../../../src/plan/operation.ts';
import { edit, sortedMap } from '../../../../src/sorted/sortedMap.ts';

const names = { restore: 'iptables-restore', save: 'iptables-save' };
const PROGRAMS = { families: [4, 6], names: { 4: names, 6: names } } as const;
type Objects = Readonly<Record<string, string>>;

function objects(entries: Objects): Installed {
  return sortedMap(Object.entries(entries).map(([key, text]) => [key as ObjectKey, text]));
}

function planOf(before: Objects, after: Objects): readonly Operation[] {
  return planIpvs(objects(before), objects(after), PROGRAMS).operations;
}

function printed(operation: Operation): string {
  if (operation.kind === 'sysctl') return `sysctl ${operation.name}=${operation.value}`;
  const { program, args, stdin = '' } = operation;
  return [[program, ...args].join(' '), ...stdin.split('\n').filter((line) => line !== '')].join(
    ' | ',
  );
}

const SIX = '6/ipvs/service/UDP [fd00::1]:53';
const SIX_SERVER = `6/ipvs/server/UDP [fd00::1]:53 [fd01::2]:5353`;
const SET = { '4/node/set/KUBE-VIP': 'hash:ip family inet' };
const TIMEOUTS = '0/ipvs/timeouts/';

const CASES: readonly (readonly [string, Objects, Objects, readonly string[]])[] = [
  [
    'IPv6: brackets, /128, and the family of a mark',
    SET,
    {
      ...SET,
      [SIX]: '-s rr',
      [SIX_SERVER]: '1',
      '6/ipvs/service/FWM 78': '-s wlc',
      '6/ipvs/server/FWM 78 [fd01::2]:80': '1',
      '6/node/route/fd00::1': 'src 2001:db8::1',
    },
    [
      'ipvsadm --restore | -A -f 78 -6 -s wlc | -A -u [fd00::1]:53 -s rr | -a -f 78 -6 -r [fd01::2]:80 -m -w 1 | -a -u [fd00::1]:53 -r [fd01::2]:5353 -m -w 1',
      'ip -6 -force -batch - | route add local fd00::1/128 dev lo table local proto 142 src 2001:db8::1',
    ],
  ],
  [
    'a route names its source only where the node has that address',
    { '4/node/address/192.0.2.99': '' },
    { '4/node/address/192.0.2.99': '', '4/node/route/10.96.0.10': 'src 192.0.2.11' },
    ['ip -4 -force -batch - | route add local 10.96.0.10/32 dev lo table local proto 142'],
  ],
  [
    'a route that stands without such a source is left alone',
    { '4/node/address/192.0.2.99': '', '4/node/route/10.96.0.10': '' },
    { '4/node/address/192.0.2.99': '', '4/node/route/10.96.0.10': 'src 192.0.2.11' },
    [],
  ],
  [
    'it gets its source when the node gets the address',
    { '4/node/route/10.96.0.10': '' },
    { '4/node/address/192.0.2.11': '', '4/node/route/10.96.0.10': 'src 192.0.2.11' },
    [
      'ip -4 -force -batch - | route replace local 10.96.0.10/32 dev lo table local proto 142 src 192.0.2.11',
    ],
  ],
  [
    'SCTP has a long option only',
    SET,
    { ...SET, '4/ipvs/service/SCTP 10.96.0.1:80': '-s rr' },
    ['ipvsadm --restore | -A --sctp-service 10.96.0.1:80 -s rr'],
  ],
  [
    'a set is made before its entries, with room for them; a bitmap has its room',
    {},
    {
      '4/node/member/KUBE-NP-TCP 30080': '',
      '4/node/member/KUBE-VIP 10.96.0.1': '',
      ...SET,
      '4/node/set/KUBE-NP-TCP': 'bitmap:port range 0-65535',
    },
    [
      'ipset restore -exist | create KUBE-VIP hash:ip family inet maxelem 1048576 | create KUBE-NP-TCP bitmap:port range 0-65535 | add KUBE-NP-TCP 30080 | add KUBE-VIP 10.96.0.1',
    ],
  ],
  [
    'an entry goes by its name, whatever stands behind it',
    { ...SET, '4/node/member/KUBE-EXT-LOCAL 203.0.113.1,tcp:80': 'skbmark 0x4d' },
    SET,
    ['ipset restore -exist | del KUBE-EXT-LOCAL 203.0.113.1,tcp:80'],
  ],
  [
    'a set goes with its entries, a virtual server with its real servers',
    { ...SET, '4/node/member/KUBE-VIP 10.96.0.1': '', [SIX]: '-s rr', [SIX_SERVER]: '1' },
    {},
    ['ipvsadm --restore | -D -u [fd00::1]:53', 'ipset restore -exist | destroy KUBE-VIP'],
  ],
  [
    'of a real server only the weight counts',
    { [SIX]: '-s rr', [SIX_SERVER]: '0 busy' },
    { [SIX]: '-s rr', [SIX_SERVER]: '0' },
    [],
  ],
  [
    'what is only read is not written',
    { '4/ipvs/foreign/FWM 9': '' },
    { '4/node/address/::1': '' },
    [],
  ],
  ['a sysctl is not put back', { '0/ipvs/sysctl/net.ipv4.ip_forward': '1' }, SET, [printedSet()]],
  [
    'the module is loaded before its sysctls are set',
    SET,
    { ...SET, '0/ipvs/sysctl/net.ipv4.vs.conntrack': '1' },
    ['ipvsadm --restore', 'sysctl net.ipv4.vs.conntrack=1'],
  ],
  ['a time-out of 0 is any', { [TIMEOUTS]: '900 120 300' }, { [TIMEOUTS]: '0 120 0' }, []],
  [
    'another time-out is set',
    { [TIMEOUTS]: '900 120 300' },
    { [TIMEOUTS]: '0 120 30' },
    ['ipvsadm --set 0 120 30'],
  ],
];

function printedSet(): string {
  return 'ipset restore -exist | create KUBE-VIP hash:ip family inet maxelem 1048576';
}

for (const [what, before, after, expected] of CASES) {
  test(`plan: ${what}`, () => {
    assert.deepEqual(planOf(before, after).map(printed), expected);
  });
}

/** One object of every sort that is written. */
const EVERYTHING: Objects = {
  ...SET,
  [SIX]: '-s rr',
  [SIX_SERVER]: '1',
  '0/ipvs/sysctl/net.ipv4.vs.conntrack': '1',
  [TIMEOUTS]: '0 0 30',
  '4/node/route/10.96.0.1': '',
  '4/nat/chain/KUBE-SERVICES': '-A KUBE-SERVICES -j RETURN',
};

test('sets before rules before virtual servers before routes, and back the other way', () => {
  const programs = (operations: readonly Operation[]): readonly string[] =>
    operations.map((each) => (each.kind === 'sysctl' ? 'sysctl' : each.program));
  assert.deepEqual(programs(planOf({}, EVERYTHING)), [
    ...['ipvsadm', 'sysctl', 'ipvsadm', 'ipset', 'iptables-restore', 'ipvsadm', 'ip'],
  ]);
  assert.deepEqual(programs(planOf(EVERYTHING, {})), [
    'iptables-restore',
    'ip',
    'ipvsadm',
    'ipset',
  ]);
});

test('one refused line must not keep the others out, but for rules, which are one transaction', () => {
  for (const operation of planOf({ ...SET, [SIX]: '-s rr' }, { ...EVERYTHING, [SIX]: '-s lc' })) {
    if (operation.kind === 'sysctl' || operation.stdin === undefined) continue;
    const isBatch = operation.program !== 'iptables-restore' && operation.stdin.trim() !== '';
    assert.equal(operation.linesStandAlone, isBatch ? true : undefined, operation.purpose);
  }
});

test('nothing to do is no operation', () => {
  const rules = objects(EVERYTHING);
  assert.deepEqual(
    planIpvs(
      rules,
      edit(rules, () => undefined),
      PROGRAMS,
    ).operations,
    [],
  );
});
