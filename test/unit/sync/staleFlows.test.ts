import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UdpFlow } from '../../../src/kernel/conntrack.ts';
import type { Endpoint, Policy, PortKey, ServicePort, Snapshot } from '../../../src/model/types.ts';
import type { Family } from '../../../src/net/family.ts';
import { parseCidr, parseIp } from '../../../src/net/address.ts';
import { edit } from '../../../src/sorted/sortedMap.ts';
import { staleFlowTest } from '../../../src/sync/staleFlows.ts';
import {
  destination,
  endpoint,
  POLICY,
  servicePort,
  snapshotOf,
} from '../../support/servicePorts.ts';

const OWN = ['192.0.2.1', '127.0.0.1', '2001:db8::1', '::1'].flatMap((text) => parseIp(text) ?? []);
const VIP = '10.96.0.10';
const POD = '10.244.1.2';
const OTHER_POD = '10.244.2.2';

function dns(over: Partial<ServicePort> = {}): ServicePort {
  return servicePort({
    protocol: 'UDP',
    portName: 'dns',
    destinations: [
      destination('ClusterIP', VIP, { port: 53 }),
      destination('NodePort', undefined, { port: 30053 }),
    ],
    servingEndpoints: [endpoint(POD, 5353)],
    ...over,
  });
}

function flow(over: Partial<UdpFlow> = {}): UdpFlow {
  return {
    family: 4,
    originalDestination: VIP,
    originalPort: 53,
    replySource: POD,
    replySourcePort: 5353,
    ...over,
  };
}

/** undefined where the table would not even be listed. */
function isStale(
  before: Snapshot | undefined,
  after: Snapshot,
  tested: UdpFlow,
): boolean | undefined {
  return staleFlowTest(before, after, OWN)?.(tested);
}

const NONE = snapshotOf([]);
const DNS = snapshotOf([dns()]);
const GONE = { replySource: OTHER_POD };

interface Case {
  readonly title: string;
  readonly before?: Snapshot;
  readonly after: Snapshot;
  /** What it differs in from a flow to the VIP that the pod answers. */
  readonly flow?: Partial<UdpFlow>;
  readonly expected: boolean | undefined;
}

function withServing(...servingEndpoints: readonly Endpoint[]): Snapshot {
  return snapshotOf([dns({ servingEndpoints })]);
}

/** A flow that nothing translated: the dialled address itself answers. */
function untranslated(address: string, port: number): Partial<UdpFlow> {
  return {
    originalDestination: address,
    originalPort: port,
    replySource: address,
    replySourcePort: port,
  };
}

function atNode(over: Partial<UdpFlow> = {}): Partial<UdpFlow> {
  return { originalDestination: '192.0.2.1', originalPort: 30053, ...over };
}

const CASES: readonly Case[] = [
  { title: '32: the first sync checks every UDP Service', after: DNS, flow: GONE, expected: true },
  { title: '32: a flow to a serving endpoint goes on', after: DNS, expected: false },
  {
    title: '32: the endpoint is an address and a port',
    after: DNS,
    flow: { replySourcePort: 53 },
    expected: true,
  },
  {
    title: '32: an endpoint that went away leaves stale flows',
    before: withServing(endpoint(POD, 5353), endpoint(OTHER_POD, 5353)),
    after: DNS,
    flow: GONE,
    expected: true,
  },
  {
    title: '32: a terminating endpoint that serves keeps its flows',
    before: DNS,
    after: withServing(
      { ...endpoint(POD, 5353), isReady: false, isTerminating: true },
      endpoint(OTHER_POD, 5353),
    ),
    expected: false,
  },
  {
    title: '32: an endpoint on another node keeps its flows, whatever the policy',
    before: DNS,
    after: snapshotOf([
      dns({
        destinations: [destination('ClusterIP', VIP, { port: 53, policy: 'Local' })],
        localEndpoints: [],
        servingEndpoints: [endpoint(OTHER_POD, 5353, false)],
      }),
    ]),
    flow: GONE,
    expected: false,
  },
  {
    title: '32: a flow to a NodePort on this node',
    after: DNS,
    flow: atNode(GONE),
    expected: true,
  },
  {
    title: '32: a flow to a NodePort on any loopback address',
    after: DNS,
    flow: { ...GONE, originalDestination: '127.0.0.53', originalPort: 30053 },
    expected: true,
  },
  { title: '32: the NodePort is serving', after: DNS, flow: atNode(), expected: false },
  {
    title: "32: a pod's flow to an outside host on a NodePort's number is not ours",
    after: DNS,
    flow: untranslated('203.0.113.9', 30053),
    expected: false,
  },
  {
    title: "32: a flow to the node itself on a port that is no Service's",
    after: DNS,
    flow: untranslated('192.0.2.1', 53),
    expected: false,
  },
  {
    title: '32: a NodePort of the other family is another NodePort',
    after: DNS,
    flow: {
      family: 6,
      originalDestination: '2001:db8::1',
      originalPort: 30053,
      replySource: 'fd00::9',
    },
    expected: false,
  },
  {
    title: '33: a Service that lost its last serving endpoint',
    before: DNS,
    after: withServing(),
    expected: true,
  },
  {
    title: '33: a Service without endpoints when the agent starts',
    after: withServing(),
    expected: true,
  },
  { title: '33: a deleted Service', before: DNS, after: NONE, expected: true },
  {
    title: '33: a NodePort of a deleted Service',
    before: DNS,
    after: NONE,
    flow: atNode(),
    expected: true,
  },
  {
    title: '33: an address that the Service lost',
    before: DNS,
    after: snapshotOf([
      dns({ destinations: [destination('ClusterIP', '10.96.0.11', { port: 53 })] }),
    ]),
    expected: true,
  },
  {
    title: '33: an address that another Service took over goes on at its endpoints',
    before: DNS,
    after: snapshotOf([dns({ key: 'default/new:dns/UDP/4' as PortKey })]),
    expected: false,
  },
  {
    title: '34: a flow that passed un-NATed before the Service had the address',
    before: DNS,
    after: snapshotOf([
      dns({
        destinations: [
          ...dns().destinations,
          destination('ExternalIP', '198.51.100.7', { port: 53 }),
        ],
      }),
    ]),
    flow: untranslated('198.51.100.7', 53),
    expected: true,
  },
  {
    title: '34: a flow that passed to the node itself before there was a NodePort',
    before: NONE,
    after: DNS,
    flow: untranslated('192.0.2.1', 30053),
    expected: true,
  },
  {
    title: "34: a host's endpoint on the dialled address itself goes on",
    before: NONE,
    after: snapshotOf([dns({ servingEndpoints: [endpoint('192.0.2.1', 30053)] })]),
    flow: untranslated('192.0.2.1', 30053),
    expected: false,
  },
  {
    title: "19: a load balancer's address on this node comes before a NodePort of the same number",
    before: NONE,
    after: snapshotOf([
      dns(),
      dns({
        key: 'default/lb:dns/UDP/4' as PortKey,
        destinations: [destination('LoadBalancerIP', '192.0.2.1', { port: 30053 })],
        servingEndpoints: [endpoint(OTHER_POD, 5353)],
      }),
    ]),
    flow: atNode(GONE),
    expected: false,
  },
  {
    title: '35: TCP is never checked',
    before: NONE,
    after: snapshotOf([dns({ protocol: 'TCP' })]),
    flow: GONE,
    expected: undefined,
  },
  {
    title: '35: SCTP is never checked, nor when it goes',
    before: snapshotOf([dns({ protocol: 'SCTP' })]),
    after: NONE,
    flow: GONE,
    expected: undefined,
  },
];

for (const { title, before, after, flow: part, expected } of CASES) {
  test(title, () => {
    assert.equal(isStale(before, after, flow(part)), expected);
  });
}

test('16: a NodePort is dialled only at the addresses that accept it', () => {
  const cidrs = ['192.0.2.0/24', '127.0.0.0/8'].flatMap((text) => parseCidr(text) ?? []);
  const policy: Policy = {
    ...POLICY,
    nodePortAddresses: { kind: 'cidrs', cidrs },
    localhostNodePorts: false,
  };
  const ports = [dns(), dns({ key: 'default/web:dns/UDP/6' as PortKey, family: 6 })];
  const after = snapshotOf(ports, { policy });
  function dialled(family: Family, originalDestination: string): UdpFlow {
    return flow({ ...GONE, family, originalDestination, originalPort: 30053 });
  }
  assert.equal(isStale(NONE, after, dialled(4, '192.0.2.1')), true);
  assert.equal(isStale(NONE, after, dialled(4, '127.0.0.1')), false);
  assert.equal(isStale(NONE, after, dialled(6, '2001:db8::1')), false);
  assert.equal(isStale(NONE, snapshotOf(ports), dialled(6, '2001:db8::1')), true);
  assert.equal(isStale(NONE, snapshotOf(ports), dialled(6, '::1')), false);
});

test('no check when nothing changed, or nothing that decides about flows', () => {
  assert.equal(staleFlowTest(DNS, DNS, OWN), undefined);
  assert.equal(staleFlowTest(DNS, snapshotOf([dns()]), OWN), undefined);
  assert.equal(staleFlowTest(DNS, snapshotOf([dns({ affinitySeconds: 60 })]), OWN), undefined);
  const allBecameReady = snapshotOf([dns({ clusterEndpoints: [endpoint(POD, 5353)] })]);
  assert.equal(staleFlowTest(DNS, allBecameReady, OWN), undefined);
});

test('no check on a node without UDP Services', () => {
  assert.equal(staleFlowTest(undefined, snapshotOf([servicePort()]), OWN), undefined);
});

test('only the changed ServicePorts are looked at', () => {
  const other = dns({
    key: 'default/other:dns/UDP/4' as PortKey,
    destinations: [destination('ClusterIP', '10.96.0.99', { port: 53 })],
  });
  const before = snapshotOf([dns(), other]);
  const after = { ...before, ports: edit(before.ports, (ports) => void ports.delete(dns().key)) };
  assert.equal(isStale(before, after, flow()), true);
  assert.equal(isStale(before, after, flow({ ...GONE, originalDestination: '10.96.0.99' })), false);
});
