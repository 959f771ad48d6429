/** From objects to what is given to the tools and to the relay, through the whole backend. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Installed, ObjectKey } from '../../../../src/backends/backend.ts';
import { userspaceBackend } from '../../../../src/backends/userspace/index.ts';
import type { Destination, ServicePort } from '../../../../src/model/types.ts';
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
  userspace: {
    balancing: 'round-robin',
    withoutBridgeNetfilter: true,
    strictARP: false,
    keepsClientAddress: false,
  },
} as const;

function backendAt(relayPort: number) {
  const names = { restore: 'iptables-restore', save: 'iptables-save' };
  return userspaceBackend({
    programs: { families: [4, 6], names: { 4: names, 6: names } },
    relayPort,
  });
}

const backend = backendAt(10_200);

function rulesOf(...ports: readonly ServicePort[]): Installed {
  return backend.render(snapshotOf(ports, { policy })).rules;
}

/** `program: line` for each line of input; of iptables only how often it is run. */
function linesOf(installed: Installed, desired: Installed): readonly string[] {
  return backend.plan(installed, desired).operations.flatMap((operation) => {
    if (operation.kind === 'sysctl') return [`sysctl: ${operation.name}=${operation.value}`];
    const { program, stdin = '' } = operation;
    if (program.includes('tables')) return [program];
    return stdin.split('\n').flatMap((line) => (line === '' ? [] : [`${program}: ${line}`]));
  });
}

function change(before: ServicePort, after?: ServicePort): readonly string[] {
  return linesOf(rulesOf(before), rulesOf(...(after === undefined ? [] : [after])));
}

const WEB = servicePort();
const SERVICE = 'fairway-relay: service default/web:http/TCP/4 balancing=round-robin';
const PLAIN = 'affinity=- limit=- proxy-protocol=-';
const AT = 'TCP/4 10.96.0.10:80';
const LISTS = 'cluster=10.244.1.2:8080,10.244.2.2:8080 local=10.244.1.2:8080 ending=-';

test('a new Service: sets, then the table with the Service first, then the route', () => {
  assert.deepEqual(linesOf(rulesOf(), rulesOf(WEB)), [
    'ipset: add KUBE-VIP 10.96.0.10',
    'ipset: add KUBE-VIP-PORT 10.96.0.10,tcp:80',
    `${SERVICE} ${PLAIN} ${LISTS}`,
    `fairway-relay: destination ${AT} service=default/web:http/TCP/4 inside=cluster outside=cluster`,
    'ip: route add local 10.96.0.10/32 dev lo table local proto 142',
  ]);
});

test('a Service that goes: the other way round', () => {
  assert.deepEqual(change(WEB), [
    'ip: route del local 10.96.0.10/32 dev lo table local proto 142',
    'ipset: del KUBE-VIP 10.96.0.10',
    'ipset: del KUBE-VIP-PORT 10.96.0.10,tcp:80',
    `fairway-relay: no destination ${AT}`,
    'fairway-relay: no service default/web:http/TCP/4',
  ]);
});

test('endpoints that change are for the relay alone', () => {
  const after = { ...WEB, clusterEndpoints: [endpoint('10.244.2.2')], localEndpoints: [] };
  const lists = 'cluster=10.244.2.2:8080 local=- ending=-';
  assert.deepEqual(change(WEB, after), [`${SERVICE} ${PLAIN} ${lists}`]);
});

test('so are affinity and what annotations say', () => {
  const relaying = { balancing: 'maglev', maxConnections: 7, proxyProtocol: true } as const;
  assert.deepEqual(change(WEB, { ...WEB, affinitySeconds: 60, relaying }), [
    `fairway-relay: service default/web:http/TCP/4 balancing=maglev affinity=60 limit=7 proxy-protocol=2 ${LISTS}`,
  ]);
});

test('without endpoints the address is refused, and the relay goes on knowing the Service', () => {
  const empty = servicePort({
    destinations: [destination('ClusterIP', '10.96.0.10', { verdict: 'reject' })],
    clusterEndpoints: [],
    localEndpoints: [],
  });
  assert.deepEqual(change(WEB, empty), [
    `${SERVICE} ${PLAIN} cluster=- local=- ending=-`,
    'ipset: del KUBE-VIP-PORT 10.96.0.10,tcp:80',
    `fairway-relay: no destination ${AT}`,
  ]);
});

/** What a destination brings, besides the Service itself. */
function entriesOf(over: Partial<ServicePort>, of: Destination): readonly string[] {
  const before = { ...servicePort(over), destinations: [destination('ClusterIP', '10.96.0.99')] };
  const after = { ...before, destinations: [...before.destinations, of] };
  return change(before, after).map((line) => line.replace(/ service=\S+/, ''));
}

test('policy Local without an endpoint here: dropped for outsiders, all endpoints for our own', () => {
  const nowhere = { localEndpoints: [] };
  const over = { policy: 'Local', verdict: 'drop' } as const;
  assert.deepEqual(entriesOf(nowhere, destination('NodePort', undefined, over)), [
    'ipset: add KUBE-NP-DROP-TCP 30080',
    'ipset: add KUBE-NP-TCP 30080',
    'fairway-relay: destination TCP/4 *:30080 inside=cluster outside=local',
  ]);
  const [, drop, port, entry] = entriesOf(nowhere, destination('ExternalIP', '192.0.2.9', over));
  assert.equal(drop, 'ipset: add KUBE-VIP-DROP 192.0.2.9,tcp:80');
  assert.equal(port, 'ipset: add KUBE-VIP-PORT 192.0.2.9,tcp:80');
  assert.equal(entry, 'fairway-relay: destination TCP/4 192.0.2.9:80 inside=cluster outside=local');
});

test('a ClusterIP under policy Local without an endpoint here is dropped for everyone', () => {
  const at = destination('ClusterIP', '10.96.0.11', { policy: 'Local', verdict: 'drop' });
  assert.deepEqual(entriesOf({ localEndpoints: [] }, at).slice(0, -1), [
    'ipset: add KUBE-VIP 10.96.0.11',
    'ipset: add KUBE-VIP-DROP 10.96.0.11,tcp:80',
  ]);
});

test('source ranges are entries of sets', () => {
  const sourceRanges = ['198.51.100.0/24', '192.0.2.1/32'] as readonly string[] as readonly Cidr[];
  const lines = entriesOf({}, destination('LoadBalancerIP', '203.0.113.1', { sourceRanges }));
  for (const entry of [
    'KUBE-GUARD 203.0.113.1,tcp:80',
    'KUBE-GUARD-SRC 203.0.113.1,tcp:80,198.51.100.0/24',
    'KUBE-GUARD-SRC 203.0.113.1,tcp:80,192.0.2.1',
  ]) {
    assert.ok(lines.includes(`ipset: add ${entry}`), entry);
  }
});

test('SCTP is refused at its address, and the relay hears nothing of it', () => {
  const sctp = servicePort({ protocol: 'SCTP' });
  assert.deepEqual(linesOf(rulesOf(), rulesOf(sctp)), [
    'ipset: add KUBE-VIP 10.96.0.10',
    'ip: route add local 10.96.0.10/32 dev lo table local proto 142',
  ]);
});

test('UDP flows to endpoints that end in peace stay with them', () => {
  const ending = { ...endpoint('10.244.2.9'), isReady: false, isTerminating: true };
  const udp = servicePort({ protocol: 'UDP' });
  const lines = change(udp, { ...udp, servingEndpoints: [...udp.servingEndpoints, ending] });
  assert.match(lines.join('\n'), / ending=10\.244\.2\.9:8080$/);
});

test('a relay at another port: the table first, then the rules', () => {
  const next = backendAt(10_201);
  const desired = next.render(snapshotOf([WEB], { policy })).rules;
  // The next process begins with an empty table.
  const installed = edit(rulesOf(WEB), (draft) => {
    for (const key of [...draft.keys()]) if (key.startsWith('0/relay/')) draft.delete(key);
  });
  const programs = next
    .plan(installed, desired)
    .operations.map((each) => (each.kind === 'run' ? each.program : each.kind));
  assert.deepEqual(programs, ['fairway-relay', 'iptables-restore', 'iptables-restore']);
});

test('bridge netfilter is switched off where it is on, and put back at the end', () => {
  const name = 'net.bridge.bridge-nf-call-iptables';
  const key = `0/sysctl/value/${name}` as ObjectKey;
  const found = edit(NOTHING, (draft) => {
    draft.set(key, '1');
  });
  const sysctls = (from: Installed, to: Installed): readonly string[] =>
    linesOf(from, to).filter((line) => line.startsWith('sysctl'));
  assert.deepEqual(sysctls(found, rulesOf()), [`sysctl: ${name}=0`]);
  assert.deepEqual(sysctls(NOTHING, rulesOf()), [], 'no such module');
  const marked = edit(rulesOf(), (draft) => {
    draft.set('4/filter/chain/KUBE-BRIDGE-WAS-ON' as ObjectKey, '');
  });
  assert.deepEqual(sysctls(marked, NOTHING), [`sysctl: ${name}=1`]);
});

test('strict ARP is set, and put back at the end', () => {
  const strict = { ...policy, userspace: { ...policy.userspace, strictARP: true } };
  const wanted = backend.render(snapshotOf([], { policy: strict })).rules;
  const names = ['arp_ignore', 'arp_announce'].map((each) => `net.ipv4.conf.all.${each}`);
  const set = linesOf(NOTHING, wanted).filter((line) => line.startsWith('sysctl'));
  assert.deepEqual(set, [`sysctl: ${names[0] ?? ''}=1`, `sysctl: ${names[1] ?? ''}=2`]);
  const marked = edit(wanted, (draft) => {
    for (const name of ['ARPIGNORE', 'ARPANNOUNCE']) {
      draft.set(`4/filter/chain/KUBE-${name}-WAS-OFF` as ObjectKey, '');
    }
  });
  const back = linesOf(marked, NOTHING).filter((line) => line.startsWith('sysctl'));
  assert.deepEqual(back, [`sysctl: ${names[0] ?? ''}=0`, `sysctl: ${names[1] ?? ''}=0`]);
});

test('an address of an interface is neither routed nor closed for the host', () => {
  const installed = edit(rulesOf(), (draft) => {
    draft.set('4/node/address/10.96.0.10' as ObjectKey, '');
  });
  const lines = linesOf(installed, rulesOf(WEB)).join('\n');
  assert.doesNotMatch(lines, /route|KUBE-VIP 10/);
  assert.match(lines, /destination TCP\/4 10\.96\.0\.10:80/);
});
