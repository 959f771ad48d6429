import assert from 'node:assert/strict';
import { test } from 'node:test';

import { FLAGS } from '../../../src/config/flags.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';
import { SCHEDULERS } from '../../../src/model/schedulers.ts';

const ENVIRONMENT = { nodeName: undefined, hostname: 'node-a' };

function valueAt(config: Config | undefined, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config);
}

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
  ['service-proxy-name', '', undefined],
  ['service-proxy-name', 'fairway', 'fairway'],
  ['proc-sys', '/host/proc/sys', '/host/proc/sys'],
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
  ['iptables-masquerade-bit', '0x4', 4],
  ['iptables-masquerade-bit', '017', 15],
  ['detect-local-mode', '', 'ClusterCIDR'],
  ['bind-address', 'fd00::1', 'fd00::1'],
  ['conntrack-max-per-core', '0', 0],
  ['conntrack-min', '2147483647', 2_147_483_647],
  ['conntrack-tcp-timeout-established', '120h', 432_000_000],
  ['conntrack-tcp-timeout-established', '1000h', 3_600_000_000],
  ['conntrack-strict', true, true],
  ['oom-score-adj', '-1000', -1000],
  ['kube-api-qps', '-1', -1],
  ['kube-api-qps', '2.5', 2.5],
  ['feature-gates', 'A=true,B=F', { A: true, B: false }],
  [
    'vmodule',
    'proxier=4,a*=1',
    [
      { filePattern: 'proxier', verbosity: 4 },
      { filePattern: 'a*', verbosity: 1 },
    ],
  ],
  ['log-json-info-buffer-size', '4Mi', '4Mi'],
  ['show-hidden-metrics-for-version', '1.35', '1.35'],
  ['proxy-port-range', '300-2000', '300-2000'],
  ['v', '99', 99],
  ['dry-run', true, true],
  ['cleanup', true, true],
];

for (const [name, text, expected] of ACCEPTED) {
  test(`--${name}=${String(text)} gives ${expected === undefined ? 'nothing' : JSON.stringify(expected)}`, () => {
    const flag = FLAGS.find((each) => each.name === name);
    assert.ok(flag?.path);
    assert.deepEqual(
      valueAt(loadConfig({ [name]: text }, ENVIRONMENT).config, flag.path),
      expected,
    );
  });
}

const REFUSED: readonly (readonly [string, string | true, string])[] = [
  ['proxy-mode', 'nftables', 'iptables or ipvs or userspace (nftables is not there yet)'],
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
  [
    'service-proxy-name',
    'a,b=c',
    'a label value: at most 63 letters, digits, dots, hyphens or underscores',
  ],
  ['proc-sys', 'proc/sys', "a folder's path that begins with /"],
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
  ['iptables-masquerade-bit', '0x', 'a number from 0 to 31'],
  ['iptables-masquerade-bit', '1.0', 'a number from 0 to 31'],
  ['bind-address', 'node-a', 'an IP address'],
  ['conntrack-min', '-1', 'a number from 0 to 2147483647'],
  ['conntrack-udp-timeout', '-1s', 'a duration such as 30s, 1h30m or 24h, not below 0'],
  ['conntrack-udp-timeout', '9999999999h', 'a duration such as 30s, 1h30m or 24h, not below 0'],
  ['config-sync-period', '0', 'a duration such as 30s, 1h30m or 24h, more than 0'],
  ['oom-score-adj', '1001', 'a number from -1000 to 1000'],
  ['kube-api-qps', 'many', 'a number'],
  ['feature-gates', 'A', 'Name=true or Name=false, commas between'],
  ['feature-gates', '__proto__=true', 'Name=true or Name=false, commas between'],
  ['vmodule', '=4', 'pattern=N with commas between'],
  ['log-json-info-buffer-size', 'much', 'a quantity such as 512, 1K or 2Ki'],
  ['show-hidden-metrics-for-version', '1', 'a version such as 1.35, or nothing'],
  ['proxy-port-range', 'all', 'ports such as 300-2000, 300+100 or 300, or nothing'],
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
  ['iptables-min-sync-period', '31s', 'at most the sync period of this mode, 30s'],
  ['nodeport-addresses', 'primary,10.0.0.0/8', 'either primary, or CIDRs with commas between'],
  ['nodeport-addresses', '10.0.0.1', 'either primary, or CIDRs with commas between'],
  [
    'healthz-bind-address',
    'localhost:80',
    'IP:PORT, [IPV6]:PORT, an IP alone, or "" to turn it off',
  ],
  ['logging-format', 'xml', 'text or json'],
  ['v', '-1', 'a number from 0 to 2147483647'],
  ['v', true, 'a number from 0 to 2147483647'],
];

for (const [name, text, expected] of REFUSED) {
  test(`--${name}=${JSON.stringify(text)} is refused, with what was expected and found`, () => {
    const found = JSON.stringify(String(text));
    assert.deepEqual(loadConfig({ [name]: text }, ENVIRONMENT).problems, [
      `--${name}: expected ${expected}, found ${found}`,
    ]);
  });
}
