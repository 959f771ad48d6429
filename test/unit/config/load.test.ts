import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FLAGS } from '../../../src/config/flags.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Environment, FlagValues } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { SCHEDULERS } from '../../../src/model/schedulers.ts';

const ENVIRONMENT: Environment = { nodeName: undefined, hostname: 'node-a' };

function load(flags: FlagValues, environment = ENVIRONMENT): Config {
  const { config, problems } = loadConfig(flags, environment);
  assert.deepEqual(problems, undefined);
  assert.ok(config);
  return config;
}

function problemsOf(flags: FlagValues, environment = ENVIRONMENT): readonly string[] {
  return loadConfig(flags, environment).problems ?? [];
}

function valueAt(config: Config, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config);
}

test('without flags, everything is as kube-proxy has it', () => {
  assert.deepEqual(load({}), {
    mode: 'iptables',
    clientConnection: { kubeconfig: undefined, server: undefined },
    manifests: undefined,
    nodeName: 'node-a',
    clusterCIDR: [],
    detectLocalMode: 'ClusterCIDR',
    detectLocal: { bridgeInterface: undefined, interfaceNamePrefix: undefined },
    iptables: {
      masqueradeAll: false,
      masqueradeBit: 14,
      localhostNodePorts: true,
      syncPeriod: 30_000,
      minSyncPeriod: 1_000,
      variant: 'auto',
    },
    ipvs: {
      scheduler: 'rr',
      excludeCIDRs: [],
      strictARP: false,
      tcpTimeout: 0,
      tcpFinTimeout: 0,
      udpTimeout: 0,
      drainTimeout: 900_000,
      syncPeriod: 30_000,
      minSyncPeriod: 1_000,
    },
    userspace: {
      ports: { first: 10200, last: 10215 },
      workers: 0,
      balancing: 'round-robin',
      dialTimeouts: [250, 500, 1000, 2000],
      connectionLimit: 0,
      idleTimeout: 86_400_000,
      udpTimeout: 120_000,
      udpFlows: 4096,
      drainTimeout: 25_000,
      strictARP: false,
      keepClientAddress: false,
      bridgeNetfilter: 'keep',
      syncPeriod: 30_000,
      minSyncPeriod: 100,
    },
    nodePortAddresses: { kind: 'all' },
    healthzBindAddress: { host: '0.0.0.0', port: 10256 },
    metricsBindAddress: { host: '127.0.0.1', port: 10249 },
    conntrack: { tcpBeLiberal: false },
    logging: { format: 'text', verbosity: 0 },
    dryRun: false,
    cleanup: false,
  });
});

const ACCEPTED: readonly (readonly [string, string | true, unknown])[] = [
  ['proxy-mode', 'iptables', 'iptables'],
  ['proxy-mode', '', 'iptables'],
  ['proxy-mode', 'ipvs', 'ipvs'],
  ['ipvs-scheduler', 'mh', 'mh'],
  ['ipvs-exclude-cidrs', '192.0.2.0/24, 2001:db8::/32', ['192.0.2.0/24', '2001:db8::/32']],
  ['ipvs-tcp-timeout', '15m', 900_000],
  ['ipvs-drain-timeout', '0', 0],
  ['iptables-variant', 'legacy', 'legacy'],
  ['kubeconfig', '/etc/kubernetes/admin.conf', '/etc/kubernetes/admin.conf'],
  ['kubeconfig', '', undefined],
  ['manifests', '-', '-'],
  ['hostname-override', ' Node-B.Example ', 'node-b.example'],
  ['cluster-cidr', '10.244.0.0/16', ['10.244.0.0/16']],
  ['cluster-cidr', 'fd00::/48, 10.244.0.0/16', ['fd00::/48', '10.244.0.0/16']],
  ['detect-local-mode', 'NodeCIDR', 'NodeCIDR'],
  ['pod-bridge-interface', 'cni0', 'cni0'],
  ['pod-interface-name-prefix', 'veth', 'veth'],
  ['masquerade-all', true, true],
  ['masquerade-all', 'T', true],
  ['masquerade-all', '1', true],
  ['iptables-localhost-nodeports', 'false', false],
  ['iptables-masquerade-bit', '0', 0],
  ['iptables-masquerade-bit', '31', 31],
  ['iptables-sync-period', '1m30s', 90_000],
  ['iptables-min-sync-period', '0', 0],
  ['nodeport-addresses', 'primary', { kind: 'primary' }],
  [
    'nodeport-addresses',
    '10.0.0.7/8,fd00::/64',
    { kind: 'cidrs', cidrs: ['10.0.0.0/8', 'fd00::/64'] },
  ],
  ['healthz-bind-address', '', 'off'],
  ['metrics-bind-address', '::1', { host: '::1', port: 10249 }],
  ['conntrack-tcp-be-liberal', true, true],
  ['userspace-ports', '9000-9001', { first: 9000, last: 9001 }],
  ['userspace-balancing', 'maglev', 'maglev'],
  ['userspace-dial-timeouts', '1s, 500ms', [1000, 500]],
  ['userspace-bridge-netfilter', 'off', 'off'],
  ['udp-timeout', '250ms', 250],
  ['logging-format', 'json', 'json'],
  ['v', '10', 10],
  ['dry-run', true, true],
  ['cleanup', true, true],
];

for (const [name, text, expected] of ACCEPTED) {
  test(`--${name}=${String(text)} gives ${expected === undefined ? 'nothing' : JSON.stringify(expected)}`, () => {
    const flag = FLAGS.find((each) => each.name === name);
    assert.ok(flag);
    assert.deepEqual(valueAt(load({ [name]: text }), flag.path), expected);
  });
}

const REFUSED: readonly (readonly [string, string | true, string])[] = [
  ['proxy-mode', 'nftables', 'a mode that exists so far: iptables or ipvs or userspace'],
  ['userspace-ports', '9000', 'a range of at least two ports such as 10200-10215'],
  ['userspace-ports', '9001-9000', 'a range of at least two ports such as 10200-10215'],
  [
    'userspace-dial-timeouts',
    '1s,0s',
    'one to 16 durations such as 250ms with commas between, each more than 0',
  ],
  ['ipvs-scheduler', 'best', SCHEDULERS.join(' or ')],
  ['iptables-variant', 'both', 'auto or nft or legacy'],
  ['manifests', 'a\0b', 'a path'],
  ['hostname-override', 'node_a', 'the name of a Node'],
  ['cluster-cidr', '10.244.0.0', 'one CIDR, or one of each family with a comma between'],
  [
    'cluster-cidr',
    '10.0.0.0/8,10.1.0.0/16',
    'one CIDR, or one of each family with a comma between',
  ],
  ['cluster-cidr', '10.0.0.0/8,', 'one CIDR, or one of each family with a comma between'],
  [
    'detect-local-mode',
    'nodecidr',
    'ClusterCIDR or NodeCIDR or BridgeInterface or InterfaceNamePrefix',
  ],
  [
    'pod-bridge-interface',
    'br0 -j ACCEPT',
    "a bridge's name: 1 to 15 letters, digits, dots, hyphens, underscores or @",
  ],
  [
    'pod-interface-name-prefix',
    'sixteen-letters-',
    'a prefix of names: 1 to 15 letters, digits, dots, hyphens, underscores or @',
  ],
  [
    'pod-interface-name-prefix',
    'eth+',
    'a prefix of names: 1 to 15 letters, digits, dots, hyphens, underscores or @',
  ],
  ['masquerade-all', 'yes', 'true or false'],
  ['iptables-masquerade-bit', '32', 'a number from 0 to 31'],
  ['iptables-masquerade-bit', '-1', 'a number from 0 to 31'],
  ['iptables-masquerade-bit', '0x4', 'a number from 0 to 31'],
  [
    'iptables-sync-period',
    '30',
    'a duration such as 30s, 1m30s or 500ms, more than 0 and at most 596h',
  ],
  [
    'iptables-sync-period',
    '0s',
    'a duration such as 30s, 1m30s or 500ms, more than 0 and at most 596h',
  ],
  [
    'iptables-sync-period',
    '600h',
    'a duration such as 30s, 1m30s or 500ms, more than 0 and at most 596h',
  ],
  ['iptables-min-sync-period', '-1s', 'a duration such as 30s, 1m30s or 500ms, at most 596h'],
  ['iptables-min-sync-period', '31s', 'at most --iptables-sync-period (30000ms)'],
  ['ipvs-min-sync-period', '31s', 'at most --ipvs-sync-period (30000ms)'],
  ['nodeport-addresses', 'primary,10.0.0.0/8', 'either primary, or CIDRs with commas between'],
  ['nodeport-addresses', '10.0.0.1', 'either primary, or CIDRs with commas between'],
  [
    'healthz-bind-address',
    'localhost:80',
    'IP:PORT, [IPV6]:PORT, an IP alone, or "" to turn it off',
  ],
  ['logging-format', 'xml', 'text or json'],
  ['v', '11', 'a number from 0 to 10'],
  ['v', true, 'a number from 0 to 10'],
];

for (const [name, text, expected] of REFUSED) {
  test(`--${name}=${JSON.stringify(text)} is refused, with what was expected and found`, () => {
    const found = JSON.stringify(String(text));
    assert.deepEqual(problemsOf({ [name]: text }), [
      `--${name}: expected ${expected}, found ${found}`,
    ]);
  });
}

test('every problem is told at once', () => {
  const problems = problemsOf({ v: 'x', 'proxy-mode': 'nftables', 'logging-format': 'xml' });
  assert.equal(problems.length, 3);
});

test('a flag that does not exist is a problem', () => {
  assert.deepEqual(problemsOf({ 'proxy-mod': 'iptables' }), [
    '--proxy-mod: expected a flag that exists, see --help',
  ]);
});

const NAMES: readonly (readonly [string, FlagValues, Environment, string])[] = [
  ['the host name, in lower case', {}, { nodeName: undefined, hostname: 'Node-A' }, 'node-a'],
  ['NODE_NAME before the host name', {}, { nodeName: 'node-b', hostname: 'a' }, 'node-b'],
  ['the host name if NODE_NAME is empty', {}, { nodeName: '', hostname: 'node-a' }, 'node-a'],
  [
    'the flag before NODE_NAME',
    { 'hostname-override': 'c' },
    { nodeName: 'b', hostname: 'a' },
    'c',
  ],
];

for (const [title, flags, environment, expected] of NAMES) {
  test(`the Node's name is ${title}`, () => {
    assert.equal(load(flags, environment).nodeName, expected);
  });
}

test('a bad name is reported with the place it comes from', () => {
  assert.deepEqual(problemsOf({}, { nodeName: 'no de', hostname: 'a' }), [
    'environment variable NODE_NAME: expected the name of a Node, found "no de"',
  ]);
  assert.deepEqual(problemsOf({}, { nodeName: undefined, hostname: '' }), [
    'host name: expected the name of a Node, found ""',
  ]);
});

const CONFLICTS: readonly (readonly [FlagValues, string])[] = [
  [
    { 'detect-local-mode': 'BridgeInterface' },
    '--pod-bridge-interface: expected the name of a bridge, because of ' +
      '--detect-local-mode=BridgeInterface, found ""',
  ],
  [
    { 'detect-local-mode': 'InterfaceNamePrefix' },
    '--pod-interface-name-prefix: expected a prefix of names, because of ' +
      '--detect-local-mode=InterfaceNamePrefix, found ""',
  ],
  [
    { manifests: '-', kubeconfig: 'config' },
    '--manifests: expected nothing beside --kubeconfig: objects have one source, found "-"',
  ],
];

for (const [flags, expected] of CONFLICTS) {
  test(`${JSON.stringify(flags)} is refused`, () => {
    assert.deepEqual(problemsOf(flags), [expected]);
  });
}
