import assert from 'node:assert/strict';
import { test } from 'node:test';

import { loadConfig } from '../../../src/config/load.ts';
import type { Loaded } from '../../../src/config/load.ts';

const ENVIRONMENT = { nodeName: undefined, hostname: 'node-a' };
const HEAD = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';

function loadText(text: string): Loaded {
  return loadConfig({}, ENVIRONMENT, { kubeProxy: { path: 'config.conf', text } });
}

const REFUSED: readonly (readonly [string, string])[] = [
  [
    'mode: nftables',
    'mode: expected iptables or ipvs or userspace (nftables is not there yet), found "nftables"',
  ],
  [
    'mode: kernelspace',
    'mode: expected iptables or ipvs or userspace (nftables is not there yet), found "kernelspace"',
  ],
  [
    'iptables: {masqueradeBit: 32}',
    'iptables.masqueradeBit: expected a number from 0 to 31, found "32"',
  ],
  [
    'iptables: {masqueradeBit: "14"}',
    'iptables.masqueradeBit: expected a whole number, found "14"',
  ],
  [
    'iptables: {syncPeriod: -1s}',
    'iptables.syncPeriod: expected a duration such as 30s, 1m30s or 500ms, more than 0 and at most 596h, found "-1s"',
  ],
  ['iptables: {syncPeriod: 30}', 'iptables.syncPeriod: expected a duration such as 30s, found 30'],
  [
    'iptables: {minSyncPeriod: 31s}',
    'iptables.minSyncPeriod: expected at most the sync period of this mode, 30s, found "31s"',
  ],
  [
    'mode: ipvs\nipvs: {minSyncPeriod: 31s}',
    'ipvs.minSyncPeriod: expected at most the sync period of this mode, 30s, found "31s"',
  ],
  [
    'mode: ipvs\nipvs: {excludeCIDRs: [x]}',
    'ipvs.excludeCIDRs: expected CIDRs with commas between, found "x"',
  ],
  ['iptables: [1]', 'iptables: expected a section with fields, found [1]'],
  ['enableProfiling: 1', 'enableProfiling: expected true or false, found 1'],
  ['oomScoreAdj: -1001', 'oomScoreAdj: expected a number from -1000 to 1000, found "-1001"'],
  ['bindAddress: node-a', 'bindAddress: expected an IP address, found "node-a"'],
  [
    'clusterCIDR: 10.0.0.0/8,10.1.0.0/16',
    'clusterCIDR: expected one CIDR, or one of each family with a comma between, found "10.0.0.0/8,10.1.0.0/16"',
  ],
  [
    'nodePortAddresses: [primary, 10.0.0.0/8]',
    'nodePortAddresses: expected either primary, or CIDRs with commas between, found "primary,10.0.0.0/8"',
  ],
  [
    'nodePortAddresses: ["10.0.0.0/8,10.1.0.0/16"]',
    'nodePortAddresses: expected a list of texts, found ["10.0.0.0/8,10.1.0.0/16"]',
  ],
  [
    'nodePortAddresses: 10.0.0.0/8',
    'nodePortAddresses: expected a list of texts, found "10.0.0.0/8"',
  ],
  [
    'detectLocalMode: BridgeInterface',
    'config.conf: detectLocal.bridgeInterface: expected the name of a bridge, because of --detect-local-mode=BridgeInterface, found ""',
  ],
  [
    'configSyncPeriod: -1s',
    'configSyncPeriod: expected a duration such as 30s, 1h30m or 24h, more than 0, found "-1s"',
  ],
  ['featureGates: {A: 1}', 'featureGates: expected names with true or false, found {"A":1}'],
  [
    'healthzBindAddress: localhost:80',
    'healthzBindAddress: expected IP:PORT, [IPV6]:PORT, an IP alone, or "" to turn it off, found "localhost:80"',
  ],
  [
    'clientConnection: {burst: -1}',
    'clientConnection.burst: expected a number from 0 to 2147483647, found "-1"',
  ],
];

for (const [text, expected] of REFUSED) {
  test(`${JSON.stringify(text)} in the file is refused, with its place`, () => {
    const line = 2 + text.split('\n').length;
    const place = expected.startsWith('config.conf') ? '' : `config.conf:${line}: `;
    assert.deepEqual(loadText(HEAD + text).problems, [`${place}${expected}`]);
  });
}

/** Some lines that stand for millions of values. */
function bomb(): string {
  const lines = ['l0: &l0 [x, x, x, x, x, x, x, x, x, x]'];
  for (let level = 1; level < 8; level += 1) {
    const before = `*l${level - 1}`;
    lines.push(`l${level}: &l${level} [${new Array(10).fill(before).join(', ')}]`);
  }
  return lines.join('\n');
}

const UNREADABLE: readonly (readonly [string, RegExp])[] = [
  ['', /^config\.conf: expected a YAML or JSON object, found nothing$/],
  ['[]', /^config\.conf: expected a YAML or JSON object$/],
  ['a: [', /^config\.conf:1: /],
  [`${HEAD}a: *b`, /^config\.conf: expected YAML or JSON that can be read .*alias/i],
  [`${HEAD}${bomb()}`, /^config\.conf: expected YAML or JSON that can be read .*alias count/i],
  [
    'kind: KubeProxyConfiguration',
    /^config\.conf:1: apiVersion: expected kubeproxy\.config\.k8s\.io\/v1alpha1, found nothing$/,
  ],
  [
    HEAD.replace('v1alpha1', 'v1'),
    /^config\.conf:1: apiVersion: expected .*v1alpha1, found "kubeproxy\.config\.k8s\.io\/v1"$/,
  ],
  ['['.repeat(20_000), /^config\.conf/],
  ['#'.repeat(2 ** 20 + 1), /^config\.conf: expected at most 1 MiB, found 1048577 characters$/],
];

for (const [text, expected] of UNREADABLE) {
  test(`a file that begins with ${JSON.stringify(text.slice(0, 40))} is refused in one line`, () => {
    const [problem = '', ...more] = loadText(text).problems ?? [];
    assert.match(problem, expected);
    assert.deepEqual(more, []);
  });
}

test('what strict decoding refuses is told, a line each, and is no obstacle', () => {
  const text = `${HEAD}udpIdleTimeout: 250ms
iptables:
  masqueradeAll: true
  masqueradeAll: false
  other: {deep: 1}
iptables.syncPeriod: 7s
__proto__: {mode: ipvs}
---
mode: ipvs
`;
  const { config, notes } = loadText(text);
  assert.equal(config?.iptables.masqueradeAll, false);
  assert.equal(config.iptables.syncPeriod, 30_000);
  assert.equal(config.mode, 'iptables');
  assert.deepEqual(
    notes.map(({ level, message, fields }) => [level, message, fields['field'], fields['line']]),
    [
      ['warn', 'unknown field in the configuration file', 'udpIdleTimeout', 3],
      ['warn', 'unknown field in the configuration file', 'iptables.other', 7],
      ['warn', 'unknown field in the configuration file', 'iptables.syncPeriod', 8],
      ['warn', 'unknown field in the configuration file', '__proto__', 9],
      [
        'warn',
        'field given twice in the configuration file, the last one counts',
        'iptables.masqueradeAll',
        6,
      ],
      ['warn', 'only the first document of the configuration file is read', undefined, undefined],
    ],
  );
});

test('a wrong setting that only another mode would use is told', () => {
  const { notes } = loadText(`${HEAD}ipvs: {scheduler: best}`);
  assert.deepEqual(
    notes.map(({ level, message }) => [level, message]),
    [['warn', 'wrong setting of a mode that is not in use']],
  );
  assert.equal(notes[0]?.fields['where'], 'config.conf:3: ipvs.scheduler');
});

test('a field that does nothing here is told, unless it asks for its default', () => {
  const { notes } = loadText(`${HEAD}clientConnection: {qps: 50, burst: 10}\nportRange: ""`);
  assert.deepEqual(notes, [
    {
      level: 'info',
      message: 'field does nothing here',
      fields: {
        where: 'config.conf:3: clientConnection.qps',
        why: 'Requests are few: a list and a watch for each kind of object',
      },
    },
  ]);
});
