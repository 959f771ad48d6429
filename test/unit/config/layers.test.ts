import assert from 'node:assert/strict';
import { test } from 'node:test';

import { explainChange } from '../../../src/config/explainChange.ts';
import { KUBE_PROXY_FIELDS } from '../../../src/config/fileFields.ts';
import { FLAGS } from '../../../src/config/flags.ts';
import { printFairwayConfiguration } from '../../../src/config/fairwayFile.ts';
import { valueAt } from '../../../src/config/layers.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { Environment, FlagValues, Loaded } from '../../../src/config/load.ts';

const ENVIRONMENT: Environment = { nodeName: undefined, hostname: 'node-a' };
const HEAD = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';
const OWN_HEAD = 'apiVersion: fairway.dev/v1alpha1\nkind: FairwayConfiguration\n';

interface Given {
  readonly shared?: string;
  readonly own?: string;
  readonly flags?: FlagValues;
  readonly environment?: Environment;
}

function load({ shared, own, flags = {}, environment = ENVIRONMENT }: Given): Loaded {
  return loadConfig(flags, environment, {
    kubeProxy: shared === undefined ? undefined : { path: 'config.conf', text: HEAD + shared },
    fairway: own === undefined ? undefined : { path: 'own.yaml', text: OWN_HEAD + own },
  });
}

const LAYERS: readonly (readonly [string, Given, string, unknown])[] = [
  [
    'a flag does not count beside the file',
    { shared: '', flags: { 'proxy-mode': 'ipvs' } },
    'mode',
    'iptables',
  ],
  [
    'our file’s mode wins over the shared one',
    { shared: 'mode: ipvs', own: 'mode: userspace' },
    'mode',
    'userspace',
  ],
  [
    'our file alone leaves flags their say',
    { own: '', flags: { 'proxy-mode': 'ipvs' } },
    'mode',
    'ipvs',
  ],
  [
    'a flag of ours wins over our file',
    { own: 'userspace: {workers: 2}', flags: { 'userspace-workers': '3' } },
    'userspace.workers',
    3,
  ],
  [
    'a flag of ours counts beside the shared file',
    { shared: '', flags: { 'iptables-variant': 'nft' } },
    'iptables.variant',
    'nft',
  ],
  [
    'the name of the flag wins over the file’s',
    { shared: 'hostnameOverride: b', flags: { 'hostname-override': 'c' } },
    'nodeName',
    'c',
  ],
  [
    'an empty name is none',
    { shared: 'hostnameOverride: b', flags: { 'hostname-override': '' } },
    'nodeName',
    'b',
  ],
  [
    'the file’s name wins over NODE_NAME',
    { shared: 'hostnameOverride: b', environment: { nodeName: 'e', hostname: 'a' } },
    'nodeName',
    'b',
  ],
  [
    'NODE_NAME wins over the host name beside a file',
    { shared: '', environment: { nodeName: 'e', hostname: 'a' } },
    'nodeName',
    'e',
  ],
  [
    'flags for the log win over the file',
    { shared: 'logging: {verbosity: 1, format: json}', flags: { v: '5' } },
    'logging.verbosity',
    5,
  ],
  [
    'what the log’s flags do not say is the file’s',
    { shared: 'logging: {format: json}', flags: { v: '5' } },
    'logging.format',
    'json',
  ],
  [
    '--master wins over the file',
    { shared: '', flags: { master: 'https://192.0.2.1:6443' } },
    'clientConnection.server',
    'https://192.0.2.1:6443',
  ],
  ['--cleanup counts beside the file', { shared: '', flags: { cleanup: true } }, 'cleanup', true],
  [
    '--init-only counts beside the file',
    { shared: '', flags: { 'init-only': true } },
    'initOnly',
    true,
  ],
  [
    '--write-config-to counts beside the file',
    { shared: '', flags: { 'write-config-to': 'x' } },
    'writeConfigTo',
    'x',
  ],
  [
    'manifests win over the file’s kubeconfig',
    { shared: 'clientConnection: {kubeconfig: k}', flags: { manifests: '-' } },
    'clientConnection.kubeconfig',
    undefined,
  ],
  [
    'the file keeps its kubeconfig otherwise',
    { shared: 'clientConnection: {kubeconfig: k}' },
    'clientConnection.kubeconfig',
    'k',
  ],
  [
    'masquerading all is iptables’ field in ipvs mode, too',
    { shared: 'mode: ipvs\niptables: {masqueradeAll: true}' },
    'iptables.masqueradeAll',
    true,
  ],
  [
    'without a file, iptables’ period is userspace mode’s',
    { flags: { 'proxy-mode': 'userspace', 'iptables-min-sync-period': '2s' } },
    'userspace.minSyncPeriod',
    2_000,
  ],
  [
    'unless it has its own',
    {
      flags: {
        'proxy-mode': 'userspace',
        'iptables-min-sync-period': '2s',
        'userspace-min-sync-period': '1s',
      },
    },
    'userspace.minSyncPeriod',
    1_000,
  ],
  ['port 0 turns a server off', { flags: { 'healthz-port': '0' } }, 'healthzBindAddress', 'off'],
  [
    'a port completes an address',
    { flags: { 'metrics-bind-address': '::1', 'metrics-port': '99' } },
    'metricsBindAddress',
    { host: '::1', port: 99 },
  ],
  [
    'a port does not replace one',
    { flags: { 'metrics-port': '99' } },
    'metricsBindAddress',
    { host: '127.0.0.1', port: 10_249 },
  ],
  [
    'the old ports do not count beside the file',
    { shared: '', flags: { 'healthz-port': '0' } },
    'healthzBindAddress',
    { host: '0.0.0.0', port: 10_256 },
  ],
];

for (const [title, given, path, expected] of LAYERS) {
  test(title, () => {
    const { config, problems } = load(given);
    assert.deepEqual(problems, undefined);
    assert.deepEqual(valueAt(config, path), expected);
  });
}

/** Flags that kube-proxy lets win over its file (options.go), and its flags for the log. */
const KEPT =
  /^(?:hostname-override|master|cleanup|init-only|write-config-to|config|v|vmodule|log.*)$/;

test('beside the file, just those flags are ignored that it has a field for, a line each', () => {
  const inFile = new Set([...KUBE_PROXY_FIELDS.values()].map(({ path }) => path));
  for (const { name, path, defaultValue } of FLAGS) {
    const { notes } = load({ shared: '', flags: { [name]: defaultValue } });
    const isIgnored = notes.some(({ message }) => message.startsWith('flag ignored'));
    const isPort = /^(?:healthz|metrics)-port$/.test(name);
    const isExpected = (isPort || inFile.has(path ?? '')) && !KEPT.test(name);
    assert.equal(isIgnored, isExpected, name);
    assert.ok(notes.length <= 1, name);
  }
});

const OWN_PROBLEMS: readonly (readonly [string, string])[] = [
  [
    'userspace: {worker: 2}',
    'own.yaml:3: userspace.worker: expected a field of FairwayConfiguration',
  ],
  [
    'iptables: {masqueradeAll: true}',
    'own.yaml:3: iptables.masqueradeAll: expected a field of FairwayConfiguration; it belongs into the file for --config',
  ],
  ['mode: ipvs\nmode: ipvs', 'own.yaml:4: mode: expected once, found again'],
  [
    'mode: nftables',
    'own.yaml:3: mode: expected iptables or ipvs or userspace (nftables is not there yet), found "nftables"',
  ],
  [
    'userspace: {workers: 65}',
    'own.yaml:3: userspace.workers: expected a number from 0 to 64, found "65"',
  ],
  ['---\nmode: ipvs', 'own.yaml: expected one document, found more'],
];

for (const [own, expected] of OWN_PROBLEMS) {
  test(`our file is read strictly: ${JSON.stringify(own)}`, () => {
    assert.deepEqual(load({ own }).problems, [expected]);
  });
}

test('kube-proxy’s file is no file of ours, and the other way round', () => {
  const shared = { path: 'a', text: OWN_HEAD };
  assert.equal(loadConfig({}, ENVIRONMENT, { kubeProxy: shared }).problems?.length, 2);
  const own = { path: 'b', text: HEAD };
  assert.equal(loadConfig({}, ENVIRONMENT, { fairway: own }).problems?.length, 2);
});

test('our file can say all that is ours, and is printed again', () => {
  const text = JSON.stringify({
    apiVersion: 'fairway.dev/v1alpha1',
    kind: 'FairwayConfiguration',
    conntrack: { strict: true },
    iptables: { variant: 'legacy' },
    ipvs: { drainTimeout: '1m0s' },
    mode: 'userspace',
    userspace: {
      balancing: 'maglev',
      bridgeNetfilter: 'off',
      connectionLimit: 7,
      dialTimeouts: ['1s', '2s'],
      drainTimeout: '3s',
      idleTimeout: '4m0s',
      keepClientAddress: true,
      minSyncPeriod: '5ms',
      ports: '9000-9009',
      strictARP: true,
      syncPeriod: '6s',
      udpFlows: 8,
      udpTimeout: '9s',
      workers: 10,
    },
  });
  const { config, problems } = loadConfig({}, ENVIRONMENT, { fairway: { path: 'own', text } });
  assert.deepEqual(problems, undefined);
  assert.ok(config);
  assert.deepEqual(printFairwayConfiguration(config), JSON.parse(text));
});

test('a change is told by the paths of its fields', () => {
  const before = load({ shared: 'featureGates: {A: true, B: true}' }).config;
  const after = load({
    shared: 'mode: ipvs\nfeatureGates: {B: true, A: true}\niptables: {syncPeriod: 9s}',
    flags: { manifests: '-' },
  }).config;
  assert.ok(before && after);
  assert.deepEqual(explainChange(before, before), []);
  assert.deepEqual(explainChange(before, after), ['iptables.syncPeriod', 'manifests', 'mode']);
});
