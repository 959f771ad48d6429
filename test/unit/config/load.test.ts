import assert from 'node:assert/strict';
import { test } from 'node:test';

import { loadConfig } from '../../../src/config/load.ts';
import type { Environment, FlagValues } from '../../../src/config/load.ts';
import type { Config } from '../../../src/config/schema.ts';

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

test('without flags, everything is as kube-proxy has it', () => {
  assert.deepEqual(load({}), {
    mode: 'iptables',
    configFile: undefined,
    fairwayConfigFile: undefined,
    clientConnection: {
      kubeconfig: undefined,
      server: undefined,
      acceptContentTypes: '',
      contentType: 'application/vnd.kubernetes.protobuf',
      qps: 5,
      burst: 10,
    },
    manifests: undefined,
    nodeName: 'node-a',
    serviceProxyName: undefined,
    procSys: '/proc/sys',
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
    nftables: { masqueradeBit: 14, masqueradeAll: false, syncPeriod: 30_000, minSyncPeriod: 1_000 },
    winkernel: {
      networkName: '',
      sourceVip: '',
      enableDSR: false,
      rootHnsEndpointName: '',
      forwardHealthCheckVip: false,
    },
    nodePortAddresses: { kind: 'all' },
    bindAddress: '0.0.0.0',
    healthzBindAddress: { host: '0.0.0.0', port: 10256 },
    metricsBindAddress: { host: '127.0.0.1', port: 10249 },
    bindAddressHardFail: false,
    enableProfiling: false,
    showHiddenMetricsForVersion: '',
    conntrack: {
      maxPerCore: 32_768,
      min: 131_072,
      tcpEstablishedTimeout: 86_400_000,
      tcpCloseWaitTimeout: 3_600_000,
      tcpBeLiberal: false,
      udpTimeout: 0,
      udpStreamTimeout: 0,
      strict: false,
    },
    oomScoreAdj: -999,
    logging: {
      format: 'text',
      verbosity: 0,
      flushFrequency: 5_000,
      vmodule: [],
      options: {
        text: { splitStream: false, infoBufferSize: '0' },
        json: { splitStream: false, infoBufferSize: '0' },
      },
    },
    configSyncPeriod: 900_000,
    featureGates: {},
    portRange: '',
    windowsRunAsService: false,
    dryRun: false,
    cleanup: false,
    initOnly: false,
    writeConfigTo: undefined,
  });
});

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
