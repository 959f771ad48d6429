import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { stringify, parse as parseYaml } from 'yaml';

import { KUBE_PROXY_FIELDS } from '../../../src/config/fileFields.ts';
import { printConfiguration } from '../../../src/config/kubeProxyFile.ts';
import { valueAt } from '../../../src/config/layers.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { FlagValues, Loaded } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';

const ENVIRONMENT = { nodeName: undefined, hostname: 'node-a' };
const HEAD = 'apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n';

function loadText(text: string, flags: FlagValues = {}): Loaded {
  return loadConfig(flags, ENVIRONMENT, { kubeProxy: { path: 'config.conf', text } });
}

function load(text: string): Config {
  const { config, problems } = loadText(text);
  assert.deepEqual(problems, undefined);
  assert.ok(config);
  return config;
}

function fixture(name: string): string {
  return readFileSync(new URL(`files/${name}`, import.meta.url), 'utf8');
}

/** Names of all fields with a value; a gate or a list is one value. */
function fieldsOf(value: unknown, prefix = ''): string[] {
  return Object.entries(value as object).flatMap(([key, each]: [string, unknown]) => {
    const isSection = typeof each === 'object' && each !== null && !Array.isArray(each);
    const name = `${prefix}${key}`;
    return isSection && name !== 'featureGates' ? fieldsOf(each, `${name}.`) : [name];
  });
}

const EVERY_FIELD = parseYaml(fixture('everyField.yaml')) as Record<string, unknown>;
const NAMES = fieldsOf(EVERY_FIELD).filter((name) => !['apiVersion', 'kind'].includes(name));

test('the table of fields has kube-proxy’s, all of them and no other', () => {
  assert.deepEqual([...KUBE_PROXY_FIELDS.keys()].sort(), NAMES.sort());
});

const everyField = load(fixture('everyField.yaml'));
const defaults = load(HEAD);

for (const name of NAMES) {
  test(`${name} of the file arrives, and is printed again`, () => {
    const path = KUBE_PROXY_FIELDS.get(name)?.path ?? name;
    assert.notDeepEqual(valueAt(everyField, path), valueAt(defaults, path));
    assert.deepEqual(valueAt(printConfiguration(everyField), name), valueAt(EVERY_FIELD, name));
  });
}

test('the file that kubeadm writes asks for the defaults, and nothing is said about it', () => {
  const text = fixture('kubeadm.conf');
  const { config, notes } = loadText(text, {
    config: 'config.conf',
    'hostname-override': 'node-c',
  });
  assert.deepEqual(notes, []);
  const fromFlags = loadConfig(
    {
      config: 'config.conf',
      kubeconfig: '/var/lib/kube-proxy/kubeconfig.conf',
      'cluster-cidr': '10.244.0.0/16',
      'hostname-override': 'node-c',
      'ipvs-min-sync-period': '0s',
    },
    ENVIRONMENT,
  );
  assert.deepEqual(config, fromFlags.config);
});

test('kubeadm’s file has no field that kube-proxy’s list does not have', () => {
  const names = fieldsOf(parseYaml(fixture('kubeadm.conf')));
  assert.deepEqual(
    names.filter((name) => !['apiVersion', 'kind', ...NAMES].includes(name)),
    [],
  );
});

for (const [title, text] of [
  ['the defaults', HEAD],
  ['every field', fixture('everyField.yaml')],
  ['userspace mode', `${HEAD}mode: userspace`],
  ['an IPv6 node', `${HEAD}bindAddress: fd00::1`],
] as const) {
  test(`a printed configuration says the same when it is read: ${title}`, () => {
    const printed = printConfiguration(load(text));
    const again = printConfiguration(load(stringify(printed, { version: '1.1' })));
    assert.deepEqual(again, printed);
    assert.deepEqual(printConfiguration(load(JSON.stringify(printed, null, '\t'))), printed);
  });
}

const DEFAULTS: readonly (readonly [string, string, unknown])[] = [
  ['', 'ipvs.minSyncPeriod', 0],
  ['', 'iptables.minSyncPeriod', 1_000],
  ['', 'mode', 'iptables'],
  ['bindAddress: fd00::1', 'healthzBindAddress', { host: '::', port: 10_256 }],
  ['bindAddress: fd00::1', 'metricsBindAddress', { host: '::1', port: 10_249 }],
  ['bindAddress: ""', 'bindAddress', '0.0.0.0'],
  ['healthzBindAddress: 192.0.2.1', 'healthzBindAddress', { host: '192.0.2.1', port: 10_256 }],
  ['healthzBindAddress: ""', 'healthzBindAddress', { host: '0.0.0.0', port: 10_256 }],
  ['iptables: {minSyncPeriod: 0s, syncPeriod: 0h}', 'iptables.minSyncPeriod', 1_000],
  ['iptables: {masqueradeBit: 0}', 'iptables.masqueradeBit', 0],
  ['iptables: {masqueradeBit: null}', 'iptables.masqueradeBit', 14],
  ['iptables:', 'iptables.masqueradeBit', 14],
  ['iptables: {localhostNodePorts: off}', 'iptables.localhostNodePorts', false],
  ['conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s}', 'conntrack.maxPerCore', 0],
  ['conntrack: {tcpEstablishedTimeout: 0s}', 'conntrack.tcpEstablishedTimeout', 0],
  ['oomScoreAdj: 0', 'oomScoreAdj', 0],
  ['logging: {flushFrequency: 7000000000}', 'logging.flushFrequency', 7_000],
  ['nodePortAddresses: [primary]', 'nodePortAddresses', { kind: 'primary' }],
  ['nodePortAddresses: []', 'nodePortAddresses', { kind: 'all' }],
  ['hostnameOverride: Node-B', 'nodeName', 'node-b'],
  ['hostnameOverride: ""', 'nodeName', 'node-a'],
  // kube-proxy's periods for iptables are those of every mode but ipvs.
  ['mode: userspace', 'userspace.minSyncPeriod', 100],
  ['mode: userspace\niptables: {minSyncPeriod: 3s}', 'userspace.minSyncPeriod', 3_000],
  ['mode: userspace\niptables: {syncPeriod: 9s}', 'userspace.syncPeriod', 9_000],
  ['mode: iptables\niptables: {minSyncPeriod: 3s}', 'userspace.minSyncPeriod', 100],
  // What only another mode uses, and kube-proxy does not look at.
  ['ipvs: {scheduler: best}', 'ipvs.scheduler', 'rr'],
  ['ipvs: {syncPeriod: 1s, minSyncPeriod: 5s}', 'ipvs.minSyncPeriod', 5_000],
  ['nftables: {masqueradeBit: 99}', 'nftables.masqueradeBit', 14],
  ['detectLocalMode: NodeCIDR\nclusterCIDR: none', 'clusterCIDR', []],
];

for (const [text, path, expected] of DEFAULTS) {
  test(`with ${JSON.stringify(text)}, ${path} is ${JSON.stringify(expected)}`, () => {
    assert.deepEqual(valueAt(load(HEAD + text), path), expected);
  });
}
