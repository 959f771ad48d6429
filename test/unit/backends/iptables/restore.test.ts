import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Installed, ObjectKey } from '../../../../src/backends/backend.ts';
import { planIptables } from '../../../../src/backends/iptables/restore.ts';
import type { Operation } from '../../../../src/plan/operation.ts';
import { sortedMap } from '../../../../src/sorted/sortedMap.ts';

const PROGRAMS = {
  families: [4],
  names: {
    4: { restore: 'iptables-restore', save: 'iptables-save' },
    6: { restore: 'ip6tables-restore', save: 'ip6tables-save' },
  },
} as const;

function objects(record: Readonly<Record<string, string>>): Installed {
  return sortedMap(Object.entries(record) as [ObjectKey, string][]);
}

function plan(installed: Record<string, string>, desired: Record<string, string>): string[] {
  const { operations } = planIptables(objects(installed), objects(desired), PROGRAMS);
  return operations.map(textOf);
}

function textOf(operation: Operation): string {
  if (operation.kind === 'sysctl') return `sysctl ${operation.name}=${operation.value}`;
  return `${operation.program}\n${operation.stdin ?? ''}`;
}

const SYSCTL = '0/sysctl/value/net.ipv4.conf.all.route_localnet';
const WAS_OFF = '4/filter/chain/KUBE-LOCALNET-WAS-OFF';

test('jumps are put at the top, in order; old spellings of them go', () => {
  const [text] = plan(
    { '4/filter/jumps/INPUT': '-A INPUT -j KUBE-EXTERNAL-SERVICES' },
    { '4/filter/jumps/INPUT': '-A INPUT -j KUBE-NODEPORTS\n-A INPUT -j KUBE-SERVICES' },
  );
  assert.equal(
    text,
    `iptables-restore
*filter
-D INPUT -j KUBE-EXTERNAL-SERVICES
-I INPUT 1 -j KUBE-NODEPORTS
-I INPUT 2 -j KUBE-SERVICES
COMMIT
`,
  );
});

test('a chain that goes is emptied first and deleted last', () => {
  const [text] = plan(
    { '4/nat/chain/KUBE-SVC-A': '-A KUBE-SVC-A -j KUBE-SEP-A', '4/nat/chain/KUBE-SEP-A': '' },
    {},
  );
  assert.equal(
    text,
    `iptables-restore
*nat
:KUBE-SEP-A - [0:0]
:KUBE-SVC-A - [0:0]
-X KUBE-SEP-A
-X KUBE-SVC-A
COMMIT
`,
  );
});

test('a chain that a foreign rule jumps to is emptied but stays', () => {
  const [text] = plan(
    { '4/nat/chain/KUBE-MARK-MASQ': '-A KUBE-MARK-MASQ -j X', '4/nat/held/KUBE-MARK-MASQ': '' },
    {},
  );
  assert.equal(text, 'iptables-restore\n*nat\n:KUBE-MARK-MASQ - [0:0]\nCOMMIT\n');
});

test('sets come before the rules that name them and go after them', () => {
  const texts = plan(
    { '4/ipset/set/KUBE-SEP-A': 'hash:ip family inet', '4/nat/chain/KUBE-SEP-A': '' },
    { '4/ipset/set/KUBE-SEP-B': 'hash:ip family inet', '4/nat/chain/KUBE-SEP-B': '' },
  );
  assert.deepEqual(
    texts.map((text) => text.split('\n').slice(0, 2).join(' ')),
    [
      'ipset create KUBE-SEP-B hash:ip family inet hashsize 64 maxelem 65536 timeout 10800',
      'iptables-restore *nat',
      'ipset destroy KUBE-SEP-A',
    ],
  );
});

test('52: route_localnet is opened behind its guard, and closed first if it was closed before', () => {
  const guard = { '4/filter/chain/KUBE-LOCALNET': '-A KUBE-LOCALNET -j DROP' };
  const opened = plan({ [SYSCTL]: '0' }, { ...guard, [SYSCTL]: '1' });
  assert.match(opened[0] ?? '', /:KUBE-LOCALNET-WAS-OFF/);
  assert.equal(opened[1], 'sysctl net.ipv4.conf.all.route_localnet=1');
  const closed = plan({ ...guard, [SYSCTL]: '1', [WAS_OFF]: '' }, {});
  assert.equal(closed[0], 'sysctl net.ipv4.conf.all.route_localnet=0');
  assert.match(closed[1] ?? '', /-X KUBE-LOCALNET-WAS-OFF/);
});

test('a sysctl that was open before us stays open behind us', () => {
  const guard = { '4/filter/chain/KUBE-LOCALNET': '-A KUBE-LOCALNET -j DROP' };
  const texts = plan({ ...guard, [SYSCTL]: '1' }, {});
  assert.equal(texts.length, 1);
  assert.doesNotMatch(texts.join(), /sysctl|WAS-OFF/);
});
