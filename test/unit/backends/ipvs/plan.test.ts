/** From objects to what is given to the tools, through the whole backend. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Installed, ObjectKey } from '../../../../src/backends/backend.ts';
import { ipvsBackend } from '../../../../src/backends/ipvs/index.ts';
import type { ServicePort } from '../../../../src/model/types.ts';
import type { Cidr } from '../../../../src/net/address.ts';
import { edit, sortedMap } from '../../../../src/sorted/sortedMap.ts';
import {
  destination,
  endpoint,
  POLICY,
  servicePort,
  snapshotOf,
} from '../../../support/servicePorts.ts';

const NOTHING: Installed = sortedMap();
const policy = {
  ...POLICY,
  ipvs: {
    scheduler: 'rr',
    available: undefined,
    strictARP: true,
    timeouts: { tcp: 0, tcpFin: 0, udp: 30 },
  },
} as const;

function backendWith(excludeCIDRs: readonly string[] = []) {
  const names = { restore: 'iptables-restore', save: 'iptables-save' };
  return ipvsBackend({
    programs: { families: [4, 6], names: { 4: names, 6: names } },
    excludeCIDRs: excludeCIDRs as readonly Cidr[],
    drainTimeout: 1000,
    now: () => 0,
  });
}

const backend = backendWith();

function rulesOf(...ports: readonly ServicePort[]): Installed {
  return backend.render(snapshotOf(ports, { policy })).rules;
}

/** `program: line` for each line of input, but those for iptables. */
function linesOf(installed: Installed, desired: Installed, with_ = backend): readonly string[] {
  return with_.plan(installed, desired).operations.flatMap((operation) => {
    if (operation.kind === 'sysctl') return [`sysctl: ${operation.name}=${operation.value}`];
    const { program, args, stdin } = operation;
    if (program.includes('tables')) return [];
    if (stdin === undefined) return [`${program}: ${args.join(' ')}`];
    return stdin.split('\n').flatMap((line) => (line === '' ? [] : [`${program}: ${line}`]));
  });
}

/** What a change of objects asks for, when the node holds exactly those from before. */
function change(before: ServicePort, after?: ServicePort): readonly string[] {
  return linesOf(rulesOf(before), rulesOf(...(after === undefined ? [] : [after])));
}

function installedWith(rules: Installed, more: Readonly<Record<string, string>>): Installed {
  return edit(rules, (draft) => {
    for (const [key, text] of Object.entries(more)) draft.set(key as ObjectKey, text);
  });
}

const A = endpoint('10.244.1.2', 8080, true);
const B = endpoint('10.244.2.2');
const WEB = servicePort({ destinations: [destination('ClusterIP', '10.96.0.10')] });
const CREATED = linesOf(rulesOf(), rulesOf(WEB));

test('a new Service: record and sets, then servers, then the route', () => {
  assert.deepEqual(CREATED, [
    'ipset: add KUBE-VIP 10.96.0.10',
    'ipset: add KUBE-VIP-OURS 10.96.0.10,tcp:80',
    'ipset: add KUBE-VIP-PORT 10.96.0.10,tcp:80',
    'ipvsadm: -A -t 10.96.0.10:80 -s rr',
    'ipvsadm: -a -t 10.96.0.10:80 -r 10.244.1.2:8080 -m -w 1',
    'ipvsadm: -a -t 10.96.0.10:80 -r 10.244.2.2:8080 -m -w 1',
    'ip: route add local 10.96.0.10/32 dev lo table local proto 142',
  ]);
});

test('a Service that is deleted goes the other way round', () => {
  assert.deepEqual(change(WEB), [
    'ip: route del local 10.96.0.10/32 dev lo table local proto 142',
    'ipvsadm: -D -t 10.96.0.10:80',
    'ipset: del KUBE-VIP 10.96.0.10',
    'ipset: del KUBE-VIP-OURS 10.96.0.10,tcp:80',
    'ipset: del KUBE-VIP-PORT 10.96.0.10,tcp:80',
  ]);
});

const ONLY_A = { ...WEB, clusterEndpoints: [A], servingEndpoints: [A] };
const SERVER_B = '4/ipvs/server/TCP 10.96.0.10:80 10.244.2.2:8080';

test('an endpoint that goes gets weight 0, stays while it is busy, and gets its weight back', () => {
  const weight = 'ipvsadm: -e -t 10.96.0.10:80 -r 10.244.2.2:8080 -m -w';
  assert.deepEqual(change(WEB, ONLY_A), [`${weight} 0`]);
  const ending = backend.plan(rulesOf(WEB), rulesOf(ONLY_A)).reached;
  assert.equal(ending.get(SERVER_B as ObjectKey), '0');
  assert.deepEqual(linesOf(ending, rulesOf(ONLY_A)), []);
  const busy = installedWith(rulesOf(ONLY_A), { [SERVER_B]: '0 busy' });
  assert.deepEqual(linesOf(busy, rulesOf(ONLY_A)), []);
  assert.deepEqual(linesOf(busy, rulesOf(WEB)), [`${weight} 1`]);
});

for (const state of ['0 idle', '0 overdue']) {
  test(`an endpoint that went and is "${state}" is removed`, () => {
    const installed = installedWith(rulesOf(ONLY_A), { [SERVER_B]: state });
    assert.deepEqual(linesOf(installed, rulesOf(ONLY_A)), [
      'ipvsadm: -d -t 10.96.0.10:80 -r 10.244.2.2:8080',
    ]);
  });
}

test('without endpoints the virtual server stays for what runs, and is let in no more', () => {
  const empty = servicePort({
    destinations: [destination('ClusterIP', '10.96.0.10', { verdict: 'reject' })],
    clusterEndpoints: [],
  });
  assert.deepEqual(change(WEB, empty), [
    'ipvsadm: -e -t 10.96.0.10:80 -r 10.244.1.2:8080 -m -w 0',
    'ipvsadm: -e -t 10.96.0.10:80 -r 10.244.2.2:8080 -m -w 0',
    'ipset: del KUBE-VIP-PORT 10.96.0.10,tcp:80',
  ]);
});

test('UDP: what goes is removed at once, what ends in peace keeps its flows', () => {
  const udp = { ...WEB, protocol: 'UDP' as const };
  assert.deepEqual(change(udp, { ...udp, clusterEndpoints: [A], servingEndpoints: [A] }), [
    'ipvsadm: -d -u 10.96.0.10:80 -r 10.244.2.2:8080',
  ]);
  const ending = { ...B, isReady: false, isTerminating: true };
  const servingEndpoints = [A, ending];
  assert.deepEqual(change(udp, { ...udp, clusterEndpoints: [A], servingEndpoints }), [
    'ipvsadm: -e -u 10.96.0.10:80 -r 10.244.2.2:8080 -m -w 0',
  ]);
});

test('affinity, its time-out and the scheduler are changed in place', () => {
  assert.deepEqual(change(WEB, { ...WEB, affinitySeconds: 60 }), [
    'ipvsadm: -E -t 10.96.0.10:80 -s rr -p 60',
  ]);
  assert.deepEqual(change(WEB, { ...WEB, scheduler: 'mh' }), [
    'ipvsadm: -E -t 10.96.0.10:80 -s mh -b mh-fallback,mh-port',
  ]);
});

test('external, policy Local: own clients have virtual servers of their own', () => {
  const local = servicePort({
    destinations: [destination('LoadBalancerIP', '203.0.113.1', { policy: 'Local' })],
    clusterEndpoints: [A, B],
    localEndpoints: [A],
  });
  const lines = linesOf(rulesOf(), rulesOf(local)).filter((line) => /-f|-t|LOCAL/.test(line));
  const mark = Number(/skbmark (0x[0-9a-f]+)/.exec(lines.join('\n'))?.[1]);
  const [pod, node] = [String(mark), String(mark + 0x4000)];
  assert.deepEqual(
    lines.filter((line) => line.includes('ipvsadm')).sort(),
    [
      ...[pod, node].flatMap((each) => [
        `ipvsadm: -A -f ${each} -s rr`,
        `ipvsadm: -a -f ${each} -r 10.244.1.2:8080 -m -w 1`,
        `ipvsadm: -a -f ${each} -r 10.244.2.2:8080 -m -w 1`,
      ]),
      'ipvsadm: -A -t 203.0.113.1:80 -s rr',
      'ipvsadm: -a -t 203.0.113.1:80 -r 10.244.1.2:8080 -m -w 1',
    ].sort(),
  );
});

test('NodePorts stand behind one address, source ranges and drops in sets', () => {
  const port = servicePort({
    destinations: [
      destination('NodePort', undefined),
      destination('LoadBalancerIP', '203.0.113.1', {
        policy: 'Local',
        verdict: 'drop',
        sourceRanges: ['198.51.100.0/24', '192.0.2.1/32'] as readonly string[] as readonly Cidr[],
      }),
    ],
    clusterEndpoints: [A],
  });
  const lines = linesOf(rulesOf(), rulesOf(port));
  for (const line of [
    'ipset: add KUBE-NP-TCP 30080',
    'ipvsadm: -A -t 192.0.0.8:30080 -s rr',
    'ipset: add KUBE-VIP-DROP 203.0.113.1,tcp:80',
    'ipset: add KUBE-GUARD 203.0.113.1,tcp:80',
    'ipset: add KUBE-GUARD-SRC 203.0.113.1,tcp:80,198.51.100.0/24',
    'ipset: add KUBE-GUARD-SRC 203.0.113.1,tcp:80,192.0.2.1',
  ]) {
    assert.ok(lines.includes(line), `${line} in\n${lines.join('\n')}`);
  }
});

test('a stranger’s virtual server: ours is asked for and nothing is put into it', () => {
  const installed = installedWith(rulesOf(), { '4/ipvs/foreign/TCP 10.96.0.10:80': '' });
  const lines = linesOf(installed, rulesOf(WEB));
  assert.deepEqual(
    lines.filter((line) => line.startsWith('ipvsadm')),
    ['ipvsadm: -A -t 10.96.0.10:80 -s rr'],
  );
  // In the record it would be ours at the next look.
  assert.ok(!lines.some((line) => line.includes('KUBE-VIP-OURS')));
});

test('a stranger’s other port on a Service’s address is let in', () => {
  const installed = installedWith(rulesOf(), { '4/ipvs/foreign/TCP 10.96.0.10:443': '' });
  const lines = linesOf(installed, rulesOf(WEB));
  assert.deepEqual(
    lines.filter((line) => line.includes('443')),
    ['ipset: add KUBE-VIP-PORT 10.96.0.10,tcp:443'],
  );
});

test('an address of an interface is neither routed nor closed for the host', () => {
  const installed = installedWith(rulesOf(), { '4/node/address/10.96.0.10': '' });
  const lines = linesOf(installed, rulesOf(WEB)).join('\n');
  assert.doesNotMatch(lines, /route|KUBE-VIP 10/);
  assert.match(lines, /-A -t 10\.96\.0\.10:80/);
});

test('excluded addresses keep what they have', () => {
  const excluding = backendWith(['10.96.0.0/24']);
  const lines = linesOf(rulesOf(WEB), rulesOf(), excluding);
  assert.deepEqual(
    lines.filter((line) => line.startsWith('ipvsadm')),
    [],
  );
});

test('nothing desired removes everything, running connections too', () => {
  const lines = linesOf(rulesOf(WEB), NOTHING);
  assert.ok(lines.includes('ipvsadm: -D -t 10.96.0.10:80'));
  assert.ok(lines.includes('ipset: destroy KUBE-VIP'));
  assert.ok(!lines.some((line) => line.includes('-w 0')));
});

test('the node is made fit once, and what fits already is left', () => {
  const first = linesOf(NOTHING, rulesOf());
  for (const line of [
    'sysctl: net.ipv4.vs.conntrack=1',
    'sysctl: net.ipv4.conf.all.arp_ignore=1',
    'ipvsadm: --set 0 0 30',
  ]) {
    assert.ok(first.includes(line), line);
  }
  const met = installedWith(rulesOf(), { '0/ipvs/timeouts/': '900 120 30' });
  assert.deepEqual(linesOf(met, rulesOf()), []);
});

test('an address that passes from one Service to another is the other’s, whatever their names', () => {
  const keys = ['ns/a', 'ns/b'] as readonly string[] as readonly ServicePort['service'][];
  const at = [destination('ExternalIP', '203.0.113.1')];
  for (const [owner, heir] of [keys, keys.toReversed()]) {
    if (owner === undefined || heir === undefined) continue;
    const before = [
      servicePort({ service: owner, destinations: at }),
      servicePort({ service: heir, destinations: [] }),
    ];
    const after = [servicePort({ service: heir, destinations: at })];
    const first = backend.render(snapshotOf(before, { policy }));
    const next = backend.render(snapshotOf(after, { policy }), first);
    assert.deepEqual([...next.rules.entries()], [...rulesOf(...after).entries()]);
  }
});
