import assert from 'node:assert/strict';
import { test } from 'node:test';

import { loadConfig } from '../../../src/config/load.ts';
import type { FlagValues } from '../../../src/config/load.ts';
import { policyFrom } from '../../../src/config/policy.ts';
import type { Config } from '../../../src/config/schema.ts';
import type { NodeInfo, Policy } from '../../../src/model/types.ts';
import { parseCidr, parseIp } from '../../../src/net/address.ts';

function ip(text: string) {
  const parsed = parseIp(text);
  assert.ok(parsed);
  return parsed;
}

function cidr(text: string) {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed;
}

function configOf(flags: FlagValues): Config {
  const { config } = loadConfig(flags, { nodeName: undefined, hostname: 'node-a' });
  assert.ok(config);
  return config;
}

const NODE: NodeInfo = {
  name: 'node-a',
  ips: [ip('192.0.2.1'), ip('2001:db8::1')],
  zone: undefined,
  podCIDRs: [cidr('10.244.1.0/24'), cidr('fd00:1::/64')],
  isLeaving: false,
};

const UNKNOWN_NODE: NodeInfo = { ...NODE, ips: [], podCIDRs: [] };

test('without flags nothing is masqueraded for its source and INVALID packets are dropped', () => {
  assert.deepEqual(policyFrom(configOf({}), UNKNOWN_NODE), {
    policy: {
      masqueradeMark: 0x4000,
      masqueradeAll: false,
      localDetector: { kind: 'none' },
      nodePortAddresses: { kind: 'all' },
      localhostNodePorts: true,
      dropInvalid: true,
      tcpBeLiberal: false,
      ipvs: undefined,
      userspace: undefined,
    },
  });
});

test('in userspace mode, what the rules and the table follow is part of the Policy', () => {
  const flags = {
    'proxy-mode': 'userspace',
    'userspace-balancing': 'random',
    'userspace-bridge-netfilter': 'off',
  };
  const { policy } = policyFrom(configOf(flags), NODE);
  assert.deepEqual(policy?.userspace, {
    balancing: 'random',
    keepsClientAddress: false,
    withoutBridgeNetfilter: true,
    strictARP: false,
  });
});

test('in ipvs mode, what was chosen for it is part of the Policy, in whole seconds', () => {
  const flags = { 'proxy-mode': 'ipvs', 'ipvs-scheduler': 'lc', 'ipvs-udp-timeout': '1500ms' };
  const facts = { isConntrackLiberal: false, schedulers: ['rr', 'lc'] as const };
  assert.deepEqual(policyFrom(configOf(flags), NODE, facts).policy?.ipvs, {
    scheduler: 'lc',
    available: ['rr', 'lc'],
    strictARP: false,
    timeouts: { tcp: 0, tcpFin: 0, udp: 2 },
  });
});

const POLICIES: readonly (readonly [FlagValues, Partial<Policy>])[] = [
  [{ 'iptables-masquerade-bit': '0' }, { masqueradeMark: 1 }],
  [{ 'iptables-masquerade-bit': '31' }, { masqueradeMark: 0x8000_0000 }],
  [{ 'masquerade-all': true }, { masqueradeAll: true }],
  [{ 'iptables-localhost-nodeports': 'false' }, { localhostNodePorts: false }],
  [{ 'conntrack-tcp-be-liberal': true }, { dropInvalid: false, tcpBeLiberal: true }],
  [
    { 'cluster-cidr': '10.244.0.0/16,fd00::/48' },
    { localDetector: { kind: 'cidr', cidrs: [cidr('10.244.0.0/16'), cidr('fd00::/48')] } },
  ],
  [
    { 'detect-local-mode': 'NodeCIDR', 'cluster-cidr': '10.0.0.0/8' },
    { localDetector: { kind: 'cidr', cidrs: NODE.podCIDRs } },
  ],
  [
    { 'detect-local-mode': 'BridgeInterface', 'pod-bridge-interface': 'cni0' },
    { localDetector: { kind: 'bridge', interface: 'cni0' } },
  ],
  [
    { 'detect-local-mode': 'InterfaceNamePrefix', 'pod-interface-name-prefix': 'veth' },
    { localDetector: { kind: 'interfacePrefix', prefix: 'veth' } },
  ],
  [
    { 'nodeport-addresses': '10.0.0.0/8' },
    { nodePortAddresses: { kind: 'cidrs', cidrs: [cidr('10.0.0.0/8')] } },
  ],
  [
    { 'nodeport-addresses': 'primary' },
    {
      nodePortAddresses: { kind: 'cidrs', cidrs: [cidr('192.0.2.1/32'), cidr('2001:db8::1/128')] },
    },
  ],
];

for (const [flags, expected] of POLICIES) {
  test(`${JSON.stringify(flags)} gives ${JSON.stringify(expected)}`, () => {
    const usual = policyFrom(configOf({}), NODE).policy;
    assert.deepEqual(policyFrom(configOf(flags), NODE).policy, { ...usual, ...expected });
  });
}

test('INVALID packets pass where the sysctl was found liberal', () => {
  assert.equal(
    policyFrom(configOf({}), NODE, { isConntrackLiberal: true, schedulers: undefined }).policy
      ?.dropInvalid,
    false,
  );
});

test('what the Node lacks is named', () => {
  const config = configOf({ 'detect-local-mode': 'NodeCIDR', 'nodeport-addresses': 'primary' });
  assert.deepEqual(policyFrom(config, UNKNOWN_NODE), {
    missing: [
      'spec.podCIDRs of Node node-a, for --detect-local-mode=NodeCIDR',
      'an InternalIP or ExternalIP of Node node-a, for --nodeport-addresses',
    ],
  });
});
