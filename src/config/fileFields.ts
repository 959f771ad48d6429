/** The fields of both configuration files, and which field of Config each one sets. */
import type { KINDS } from './fileValues.ts';

export interface FileField {
  /** In Config, with dots. */
  readonly path: string;
  readonly kind: keyof typeof KINDS;
  /** 0, 0s and '' ask for the default, as in kube-proxy's defaults; otherwise they are kept. */
  readonly zeroIsDefault: boolean;
}

/** A field whose name is that of Config's; `?` behind the kind stands for zeroIsDefault. */
type Row = readonly [string, keyof typeof KINDS | `${keyof typeof KINDS}?`];

/** KubeProxyConfiguration v1alpha1, in the order in which --write-config-to prints it. */
// prettier-ignore
const KUBE_PROXY_ROWS: readonly Row[] = [
  ['bindAddress', 'text?'],
  ['bindAddressHardFail', 'switch'],
  ['clientConnection.acceptContentTypes', 'text'],
  ['clientConnection.burst', 'integer?'],
  ['clientConnection.contentType', 'text?'],
  ['clientConnection.kubeconfig', 'text'],
  ['clientConnection.qps', 'number?'],
  ['clusterCIDR', 'cidrPair'],
  ['configSyncPeriod', 'duration?'],
  ['conntrack.maxPerCore', 'integer'],
  ['conntrack.min', 'integer'],
  ['conntrack.tcpBeLiberal', 'switch'],
  ['conntrack.tcpCloseWaitTimeout', 'duration'],
  ['conntrack.tcpEstablishedTimeout', 'duration'],
  ['conntrack.udpStreamTimeout', 'duration'],
  ['conntrack.udpTimeout', 'duration'],
  ['detectLocal.bridgeInterface', 'text'],
  ['detectLocal.interfaceNamePrefix', 'text'],
  ['detectLocalMode', 'text?'],
  ['enableProfiling', 'switch'],
  ['featureGates', 'gates'],
  ['healthzBindAddress', 'address?'],
  ['hostnameOverride', 'text?'],
  ['iptables.localhostNodePorts', 'switch'],
  ['iptables.masqueradeAll', 'switch'],
  ['iptables.masqueradeBit', 'integer'],
  ['iptables.minSyncPeriod', 'duration?'],
  ['iptables.syncPeriod', 'duration?'],
  ['ipvs.excludeCIDRs', 'cidrs'],
  ['ipvs.minSyncPeriod', 'duration'],
  ['ipvs.scheduler', 'text?'],
  ['ipvs.strictARP', 'switch'],
  ['ipvs.syncPeriod', 'duration?'],
  ['ipvs.tcpFinTimeout', 'duration'],
  ['ipvs.tcpTimeout', 'duration'],
  ['ipvs.udpTimeout', 'duration'],
  ['logging.flushFrequency', 'flush?'],
  ['logging.format', 'text?'],
  ['logging.options.json.infoBufferSize', 'quantity?'],
  ['logging.options.json.splitStream', 'switch'],
  ['logging.options.text.infoBufferSize', 'quantity?'],
  ['logging.options.text.splitStream', 'switch'],
  ['logging.verbosity', 'integer'],
  ['logging.vmodule', 'verbosities'],
  ['metricsBindAddress', 'address?'],
  ['mode', 'text?'],
  ['nftables.masqueradeAll', 'switch'],
  ['nftables.masqueradeBit', 'integer'],
  ['nftables.minSyncPeriod', 'duration?'],
  ['nftables.syncPeriod', 'duration?'],
  ['nodePortAddresses', 'nodePorts'],
  ['oomScoreAdj', 'integer'],
  ['portRange', 'text'],
  ['showHiddenMetricsForVersion', 'text'],
  ['windowsRunAsService', 'switch'],
  ['winkernel.enableDSR', 'switch'],
  ['winkernel.forwardHealthCheckVip', 'switch'],
  ['winkernel.networkName', 'text'],
  ['winkernel.rootHnsEndpointName', 'text'],
  ['winkernel.sourceVip', 'text'],
];

/** What is ours alone and stays the same while the agent runs, and the mode. */
// prettier-ignore
const FAIRWAY_ROWS: readonly Row[] = [
  ['conntrack.strict', 'switch'],
  ['iptables.variant', 'text?'],
  ['ipvs.drainTimeout', 'duration'],
  ['mode', 'text?'],
  ['userspace.balancing', 'text?'],
  ['userspace.bridgeNetfilter', 'text?'],
  ['userspace.connectionLimit', 'integer'],
  ['userspace.dialTimeouts', 'durations'],
  ['userspace.drainTimeout', 'duration'],
  ['userspace.idleTimeout', 'duration'],
  ['userspace.keepClientAddress', 'switch'],
  ['userspace.minSyncPeriod', 'duration'],
  ['userspace.ports', 'ports'],
  ['userspace.strictARP', 'switch'],
  ['userspace.syncPeriod', 'duration'],
  ['userspace.udpFlows', 'integer'],
  ['userspace.udpTimeout', 'duration'],
  ['userspace.workers', 'integer'],
];

/** Of fields that Config has under another name. */
const RENAMED: ReadonlyMap<string, string> = new Map([['hostnameOverride', 'nodeName']]);

export type FileFields = ReadonlyMap<string, FileField>;

function fieldsOf(rows: readonly Row[]): FileFields {
  return new Map(
    rows.map(([name, spelled]) => [
      name,
      {
        path: RENAMED.get(name) ?? name,
        kind: spelled.replace('?', '') as keyof typeof KINDS,
        zeroIsDefault: spelled.endsWith('?'),
      },
    ]),
  );
}

export const KUBE_PROXY_FIELDS = fieldsOf(KUBE_PROXY_ROWS);
export const FAIRWAY_FIELDS = fieldsOf(FAIRWAY_ROWS);
