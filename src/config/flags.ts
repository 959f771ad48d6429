/** The one table of flags: commander's options and the table in the README are made from it. */
import { z } from 'zod';

import { configSchema } from './schema.ts';
import { WITHOUT_EFFECT } from './withoutEffect.ts';

export const UNUSED = 'Flags of kube-proxy that do nothing here';
const NO_MACHINE_INFO = 'Nothing here reports what machine this is';
const ONLY_STDERR = 'Log lines go to standard error, all of them and nowhere else';
const OWN_LINES = 'Log lines have one form, and no places in source code';

export const FLAG_GROUPS = [
  'Task',
  'Objects',
  'Traffic',
  'Node',
  'IPVS',
  'Userspace',
  'Sync',
  'Diagnostics',
  UNUSED,
] as const;

export interface Flag {
  /** Without the hyphens. */
  readonly name: string;
  /** The field of Config that it sets, with dots; without one, `says` describes the flag. */
  readonly path?: string;
  readonly says?: string;
  readonly group: (typeof FLAG_GROUPS)[number];
  /** Stands for the value in help texts. */
  readonly value: string;
  /** As one would write it; '' where the default is not to have it. */
  readonly defaultValue: string;
  /** May also be written with one letter and one hyphen. */
  readonly letter?: string;
  /** May be given several times: the values are joined with commas, as kube-proxy does. */
  readonly isRepeatable?: true;
}

/** The value of flags that mean true when they are given without one. */
const SWITCH = 'boolean';

// prettier-ignore
export const FLAGS: readonly Flag[] = [
  { group: 'Task', name: 'proxy-mode', path: 'mode', value: 'mode', defaultValue: 'iptables' },
  { group: 'Task', name: 'config', path: 'configFile', value: 'file', defaultValue: '' },
  { group: 'Task', name: 'fairway-config', path: 'fairwayConfigFile', value: 'file', defaultValue: '' },
  { group: 'Task', name: 'iptables-variant', path: 'iptables.variant', value: 'variant', defaultValue: 'auto' },
  { group: 'Task', name: 'dry-run', path: 'dryRun', value: SWITCH, defaultValue: 'false' },
  { group: 'Task', name: 'cleanup', path: 'cleanup', value: SWITCH, defaultValue: 'false' },
  { group: 'Task', name: 'init-only', path: 'initOnly', value: SWITCH, defaultValue: 'false' },
  { group: 'Task', name: 'write-config-to', path: 'writeConfigTo', value: 'file', defaultValue: '' },

  { group: 'Objects', name: 'kubeconfig', path: 'clientConnection.kubeconfig', value: 'file', defaultValue: '' },
  { group: 'Objects', name: 'master', path: 'clientConnection.server', value: 'url', defaultValue: '' },
  { group: 'Objects', name: 'manifests', path: 'manifests', value: 'path', defaultValue: '' },
  { group: 'Objects', name: 'hostname-override', path: 'nodeName', value: 'name', defaultValue: '' },
  { group: 'Objects', name: 'service-proxy-name', path: 'serviceProxyName', value: 'name', defaultValue: '' },

  { group: 'Traffic', name: 'cluster-cidr', path: 'clusterCIDR', value: 'cidrs', defaultValue: '' },
  { group: 'Traffic', name: 'detect-local-mode', path: 'detectLocalMode', value: 'mode', defaultValue: 'ClusterCIDR' },
  { group: 'Traffic', name: 'pod-bridge-interface', path: 'detectLocal.bridgeInterface', value: 'name', defaultValue: '' },
  { group: 'Traffic', name: 'pod-interface-name-prefix', path: 'detectLocal.interfaceNamePrefix', value: 'prefix', defaultValue: '' },
  { group: 'Traffic', name: 'masquerade-all', path: 'iptables.masqueradeAll', value: SWITCH, defaultValue: 'false' },
  { group: 'Traffic', name: 'iptables-masquerade-bit', path: 'iptables.masqueradeBit', value: 'bit', defaultValue: '14' },
  { group: 'Traffic', name: 'iptables-localhost-nodeports', path: 'iptables.localhostNodePorts', value: SWITCH, defaultValue: 'true' },
  { group: 'Traffic', name: 'nodeport-addresses', path: 'nodePortAddresses', value: 'cidrs', defaultValue: '', isRepeatable: true },

  { group: 'Node', name: 'proc-sys', path: 'procSys', value: 'folder', defaultValue: '/proc/sys' },
  { group: 'Node', name: 'bind-address', path: 'bindAddress', value: 'ip', defaultValue: '0.0.0.0' },
  { group: 'Node', name: 'conntrack-max-per-core', path: 'conntrack.maxPerCore', value: 'number', defaultValue: '32768' },
  { group: 'Node', name: 'conntrack-min', path: 'conntrack.min', value: 'number', defaultValue: '131072' },
  { group: 'Node', name: 'conntrack-tcp-timeout-established', path: 'conntrack.tcpEstablishedTimeout', value: 'duration', defaultValue: '24h' },
  { group: 'Node', name: 'conntrack-tcp-timeout-close-wait', path: 'conntrack.tcpCloseWaitTimeout', value: 'duration', defaultValue: '1h' },
  { group: 'Node', name: 'conntrack-udp-timeout', path: 'conntrack.udpTimeout', value: 'duration', defaultValue: '0s' },
  { group: 'Node', name: 'conntrack-udp-timeout-stream', path: 'conntrack.udpStreamTimeout', value: 'duration', defaultValue: '0s' },
  { group: 'Node', name: 'conntrack-tcp-be-liberal', path: 'conntrack.tcpBeLiberal', value: SWITCH, defaultValue: 'false' },
  { group: 'Node', name: 'conntrack-strict', path: 'conntrack.strict', value: SWITCH, defaultValue: 'false' },
  { group: 'Node', name: 'oom-score-adj', path: 'oomScoreAdj', value: 'number', defaultValue: '-999' },

  { group: 'IPVS', name: 'ipvs-scheduler', path: 'ipvs.scheduler', value: 'name', defaultValue: 'rr' },
  { group: 'IPVS', name: 'ipvs-exclude-cidrs', path: 'ipvs.excludeCIDRs', value: 'cidrs', defaultValue: '', isRepeatable: true },
  { group: 'IPVS', name: 'ipvs-strict-arp', path: 'ipvs.strictARP', value: SWITCH, defaultValue: 'false' },
  { group: 'IPVS', name: 'ipvs-tcp-timeout', path: 'ipvs.tcpTimeout', value: 'duration', defaultValue: '0s' },
  { group: 'IPVS', name: 'ipvs-tcpfin-timeout', path: 'ipvs.tcpFinTimeout', value: 'duration', defaultValue: '0s' },
  { group: 'IPVS', name: 'ipvs-udp-timeout', path: 'ipvs.udpTimeout', value: 'duration', defaultValue: '0s' },
  { group: 'IPVS', name: 'ipvs-drain-timeout', path: 'ipvs.drainTimeout', value: 'duration', defaultValue: '15m' },

  { group: 'Userspace', name: 'userspace-ports', path: 'userspace.ports', value: 'range', defaultValue: '10200-10215' },
  { group: 'Userspace', name: 'userspace-workers', path: 'userspace.workers', value: 'number', defaultValue: '0' },
  { group: 'Userspace', name: 'userspace-balancing', path: 'userspace.balancing', value: 'name', defaultValue: 'round-robin' },
  { group: 'Userspace', name: 'userspace-dial-timeouts', path: 'userspace.dialTimeouts', value: 'durations', defaultValue: '250ms,500ms,1s,2s' },
  { group: 'Userspace', name: 'userspace-connection-limit', path: 'userspace.connectionLimit', value: 'number', defaultValue: '0' },
  { group: 'Userspace', name: 'userspace-idle-timeout', path: 'userspace.idleTimeout', value: 'duration', defaultValue: '24h' },
  { group: 'Userspace', name: 'udp-timeout', path: 'userspace.udpTimeout', value: 'duration', defaultValue: '2m' },
  { group: 'Userspace', name: 'userspace-udp-flows', path: 'userspace.udpFlows', value: 'number', defaultValue: '4096' },
  { group: 'Userspace', name: 'userspace-drain-timeout', path: 'userspace.drainTimeout', value: 'duration', defaultValue: '25s' },
  { group: 'Userspace', name: 'userspace-strict-arp', path: 'userspace.strictARP', value: SWITCH, defaultValue: 'false' },
  { group: 'Userspace', name: 'userspace-keep-client-address', path: 'userspace.keepClientAddress', value: SWITCH, defaultValue: 'false' },
  { group: 'Userspace', name: 'userspace-bridge-netfilter', path: 'userspace.bridgeNetfilter', value: 'word', defaultValue: 'keep' },

  { group: 'Sync', name: 'iptables-sync-period', path: 'iptables.syncPeriod', value: 'duration', defaultValue: '30s' },
  { group: 'Sync', name: 'iptables-min-sync-period', path: 'iptables.minSyncPeriod', value: 'duration', defaultValue: '1s' },
  { group: 'Sync', name: 'ipvs-sync-period', path: 'ipvs.syncPeriod', value: 'duration', defaultValue: '30s' },
  { group: 'Sync', name: 'ipvs-min-sync-period', path: 'ipvs.minSyncPeriod', value: 'duration', defaultValue: '1s' },
  { group: 'Sync', name: 'userspace-sync-period', path: 'userspace.syncPeriod', value: 'duration', defaultValue: '30s' },
  { group: 'Sync', name: 'userspace-min-sync-period', path: 'userspace.minSyncPeriod', value: 'duration', defaultValue: '100ms' },

  { group: 'Diagnostics', name: 'healthz-bind-address', path: 'healthzBindAddress', value: 'address', defaultValue: '0.0.0.0:10256' },
  { group: 'Diagnostics', name: 'metrics-bind-address', path: 'metricsBindAddress', value: 'address', defaultValue: '127.0.0.1:10249' },
  { group: 'Diagnostics', name: 'healthz-port', value: 'port', defaultValue: '10256', says: 'Deprecated: the port for an address without one; 0 turns the server off' },
  { group: 'Diagnostics', name: 'metrics-port', value: 'port', defaultValue: '10249', says: 'Deprecated: the port for an address without one; 0 turns the server off' },
  { group: 'Diagnostics', name: 'bind-address-hard-fail', path: 'bindAddressHardFail', value: SWITCH, defaultValue: 'false' },
  { group: 'Diagnostics', name: 'profiling', path: 'enableProfiling', value: SWITCH, defaultValue: 'false' },
  { group: 'Diagnostics', name: 'logging-format', path: 'logging.format', value: 'format', defaultValue: 'text' },
  { group: 'Diagnostics', name: 'v', letter: 'v', path: 'logging.verbosity', value: 'level', defaultValue: '0' },

  { group: UNUSED, name: 'kube-api-content-type', path: 'clientConnection.contentType', value: 'type', defaultValue: 'application/vnd.kubernetes.protobuf' },
  { group: UNUSED, name: 'kube-api-qps', path: 'clientConnection.qps', value: 'number', defaultValue: '5' },
  { group: UNUSED, name: 'kube-api-burst', path: 'clientConnection.burst', value: 'number', defaultValue: '10' },
  { group: UNUSED, name: 'config-sync-period', path: 'configSyncPeriod', value: 'duration', defaultValue: '15m' },
  { group: UNUSED, name: 'feature-gates', path: 'featureGates', value: 'pairs', defaultValue: '', isRepeatable: true },
  { group: UNUSED, name: 'show-hidden-metrics-for-version', path: 'showHiddenMetricsForVersion', value: 'version', defaultValue: '' },
  { group: UNUSED, name: 'proxy-port-range', path: 'portRange', value: 'range', defaultValue: '' },
  { group: UNUSED, name: 'log-flush-frequency', path: 'logging.flushFrequency', value: 'duration', defaultValue: '5s' },
  { group: UNUSED, name: 'vmodule', path: 'logging.vmodule', value: 'pairs', defaultValue: '', isRepeatable: true },
  { group: UNUSED, name: 'log-text-split-stream', path: 'logging.options.text.splitStream', value: SWITCH, defaultValue: 'false' },
  { group: UNUSED, name: 'log-text-info-buffer-size', path: 'logging.options.text.infoBufferSize', value: 'quantity', defaultValue: '0' },
  { group: UNUSED, name: 'log-json-split-stream', path: 'logging.options.json.splitStream', value: SWITCH, defaultValue: 'false' },
  { group: UNUSED, name: 'log-json-info-buffer-size', path: 'logging.options.json.infoBufferSize', value: 'quantity', defaultValue: '0' },
  { group: UNUSED, name: 'boot-id-file', value: 'files', defaultValue: '/proc/sys/kernel/random/boot_id', says: NO_MACHINE_INFO },
  { group: UNUSED, name: 'machine-id-file', value: 'files', defaultValue: '/etc/machine-id,/var/lib/dbus/machine-id', says: NO_MACHINE_INFO },
  { group: UNUSED, name: 'logtostderr', value: SWITCH, defaultValue: 'true', says: ONLY_STDERR },
  { group: UNUSED, name: 'alsologtostderr', value: SWITCH, defaultValue: 'false', says: ONLY_STDERR },
  { group: UNUSED, name: 'stderrthreshold', value: 'level', defaultValue: '2', says: ONLY_STDERR },
  { group: UNUSED, name: 'one-output', value: SWITCH, defaultValue: 'false', says: ONLY_STDERR },
  { group: UNUSED, name: 'log-dir', value: 'folder', defaultValue: '', says: ONLY_STDERR },
  { group: UNUSED, name: 'log-file', value: 'file', defaultValue: '', says: ONLY_STDERR },
  { group: UNUSED, name: 'log-file-max-size', value: 'megabytes', defaultValue: '1800', says: ONLY_STDERR },
  { group: UNUSED, name: 'log-backtrace-at', value: 'place', defaultValue: '', says: OWN_LINES },
  { group: UNUSED, name: 'add-dir-header', value: SWITCH, defaultValue: 'false', says: OWN_LINES },
  { group: UNUSED, name: 'skip-headers', value: SWITCH, defaultValue: 'false', says: OWN_LINES },
  { group: UNUSED, name: 'skip-log-headers', value: SWITCH, defaultValue: 'false', says: OWN_LINES },
];

/** Fields that have no flag, neither here nor in kube-proxy; `''` is not to have it. */
export const FIELDS_WITHOUT_FLAG: ReadonlyMap<string, string> = new Map([
  ['clientConnection.acceptContentTypes', ''],
  ['nftables.masqueradeBit', '14'],
  ['nftables.masqueradeAll', 'false'],
  ['nftables.syncPeriod', '30s'],
  ['nftables.minSyncPeriod', '1s'],
  ['winkernel.networkName', ''],
  ['winkernel.sourceVip', ''],
  ['winkernel.enableDSR', 'false'],
  ['winkernel.rootHnsEndpointName', ''],
  ['winkernel.forwardHealthCheckVip', 'false'],
  ['windowsRunAsService', 'false'],
]);

/** As commander wants it: `--name <value>`, with the value in brackets where it may be left out. */
export function flagSyntax({ name, letter, value }: Flag): string {
  const short = letter === undefined ? '' : `-${letter}, `;
  return `${short}--${name} ${value === SWITCH ? `[${value}]` : `<${value}>`}`;
}

/** What it does; for one that does nothing here, why. */
export function flagDescription({ path = '', says }: Flag): string {
  const known = says ?? WITHOUT_EFFECT.get(path);
  if (known !== undefined) return known;
  let schema: unknown = configSchema;
  for (const key of path.split('.')) {
    if (schema instanceof z.ZodObject) schema = schema.shape[key];
  }
  if (schema instanceof z.ZodType && schema.description !== undefined) return schema.description;
  throw new Error(`expected a described field ${path} in the schema of Config`);
}

/** All flags as Markdown, one table per group. */
export function printFlagsTable(): string {
  return FLAG_GROUPS.map((group) => {
    const rows = FLAGS.filter((flag) => flag.group === group).map(tableRow);
    return [`| ${group} | Default | |`, '| --- | --- | --- |', ...rows].join('\n');
  }).join('\n\n');
}

function tableRow(flag: Flag): string {
  const syntax = flagSyntax(flag).replace(/(?<=--[\w-]+) [[<](\w+)[\]>]/, '=$1');
  const usual = flag.defaultValue === '' ? '' : `\`${flag.defaultValue}\``;
  return `| \`${syntax}\` | ${usual} | ${flagDescription(flag)} |`;
}
