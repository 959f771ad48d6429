/** The one table of flags: commander's options and the table in the README are made from it. */
import { z } from 'zod';

import { configSchema } from './schema.ts';

export const FLAG_GROUPS = [
  'Task',
  'Objects',
  'Traffic',
  'IPVS',
  'Userspace',
  'Sync',
  'Diagnostics',
] as const;

export interface Flag {
  /** Without the hyphens. */
  readonly name: string;
  /** The field of Config that it sets, with dots. */
  readonly path: string;
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
  { group: 'Task', name: 'iptables-variant', path: 'iptables.variant', value: 'variant', defaultValue: 'auto' },
  { group: 'Task', name: 'dry-run', path: 'dryRun', value: SWITCH, defaultValue: 'false' },
  { group: 'Task', name: 'cleanup', path: 'cleanup', value: SWITCH, defaultValue: 'false' },

  { group: 'Objects', name: 'kubeconfig', path: 'clientConnection.kubeconfig', value: 'file', defaultValue: '' },
  { group: 'Objects', name: 'master', path: 'clientConnection.server', value: 'url', defaultValue: '' },
  { group: 'Objects', name: 'manifests', path: 'manifests', value: 'path', defaultValue: '' },
  // The default is handed to loadConfig with the environment.
  { group: 'Objects', name: 'hostname-override', path: 'nodeName', value: 'name', defaultValue: '' },

  { group: 'Traffic', name: 'cluster-cidr', path: 'clusterCIDR', value: 'cidrs', defaultValue: '' },
  { group: 'Traffic', name: 'detect-local-mode', path: 'detectLocalMode', value: 'mode', defaultValue: 'ClusterCIDR' },
  { group: 'Traffic', name: 'pod-bridge-interface', path: 'detectLocal.bridgeInterface', value: 'name', defaultValue: '' },
  { group: 'Traffic', name: 'pod-interface-name-prefix', path: 'detectLocal.interfaceNamePrefix', value: 'prefix', defaultValue: '' },
  { group: 'Traffic', name: 'masquerade-all', path: 'iptables.masqueradeAll', value: SWITCH, defaultValue: 'false' },
  { group: 'Traffic', name: 'iptables-masquerade-bit', path: 'iptables.masqueradeBit', value: 'bit', defaultValue: '14' },
  { group: 'Traffic', name: 'iptables-localhost-nodeports', path: 'iptables.localhostNodePorts', value: SWITCH, defaultValue: 'true' },
  { group: 'Traffic', name: 'nodeport-addresses', path: 'nodePortAddresses', value: 'cidrs', defaultValue: '', isRepeatable: true },
  { group: 'Traffic', name: 'conntrack-tcp-be-liberal', path: 'conntrack.tcpBeLiberal', value: SWITCH, defaultValue: 'false' },

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
  { group: 'Diagnostics', name: 'logging-format', path: 'logging.format', value: 'format', defaultValue: 'text' },
  { group: 'Diagnostics', name: 'v', letter: 'v', path: 'logging.verbosity', value: 'level', defaultValue: '0' },
];

/** As commander wants it: `--name <value>`, with the value in brackets where it may be left out. */
export function flagSyntax({ name, letter, value }: Flag): string {
  const short = letter === undefined ? '' : `-${letter}, `;
  return `${short}--${name} ${value === SWITCH ? `[${value}]` : `<${value}>`}`;
}

/** What the schema says about the flag's field. */
export function flagDescription({ path }: Flag): string {
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
