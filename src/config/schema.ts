/**
 * Config: all that the operator can choose. Names are those of KubeProxyConfiguration (package
 * k8s.io/kube-proxy/config/v1alpha1) where it has them.
 */
import { z } from 'zod';

import { MODES } from '../backends/backend.ts';
import {
  featureGatesField,
  minorVersionField,
  oldPortRangeField,
  quantityField,
  rateField,
  vmoduleField,
} from './componentFields.ts';
import {
  bindField,
  booleanField,
  clusterCidrField,
  field,
  folderField,
  integerField,
  interfaceField,
  ipField,
  labelValueField,
  longDurationField,
  nodeNameField,
  nodePortAddressesField,
  pathField,
  textField,
  urlField,
  wordField,
} from './fields.ts';
import { iptables, ipvs, nftables, userspace } from './schemaModes.ts';

const LOCAL_MODES = ['ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix'] as const;

const INT32_MAX = 2 ** 31 - 1;

const clientConnection = z.strictObject({
  kubeconfig: pathField().describe(
    'File that says where the API server is; without it, what a pod finds in its environment',
  ),
  server: urlField().describe(
    "The API server's URL, over what the kubeconfig or the environment say: its own Service's address works only once the rules stand",
  ),
  acceptContentTypes: textField(),
  contentType: textField(),
  qps: rateField(),
  burst: integerField(0, INT32_MAX),
});

const detectLocal = z.strictObject({
  bridgeInterface: interfaceField("a bridge's name").describe(
    'Bridge that the pods of this node are on, for BridgeInterface',
  ),
  interfaceNamePrefix: interfaceField('a prefix of names').describe(
    "What the names of the pods' interfaces begin with, for InterfaceNamePrefix",
  ),
});

const conntrack = z.strictObject({
  maxPerCore: integerField(0, INT32_MAX).describe(
    'Connections that the kernel tracks at most, for each processor; 0 leaves its limit',
  ),
  min: integerField(0, INT32_MAX).describe(
    'The least that this limit is, however few processors; not with 0 for each of them',
  ),
  tcpEstablishedTimeout: longDurationField({ canBeZero: true }).describe(
    "When an idle TCP connection is no longer tracked; 0s leaves the kernel's",
  ),
  tcpCloseWaitTimeout: longDurationField({ canBeZero: true }).describe(
    "The same for one that only the client has closed; 0s leaves the kernel's",
  ),
  tcpBeLiberal: booleanField().describe(
    'Let TCP packets outside the window pass, where they are otherwise dropped as INVALID',
  ),
  udpTimeout: longDurationField({ canBeZero: true }).describe(
    "When a UDP flow without an answer is no longer tracked; 0s leaves the kernel's",
  ),
  udpStreamTimeout: longDurationField({ canBeZero: true }).describe(
    "When an idle UDP flow with answers is no longer tracked; 0s leaves the kernel's",
  ),
  strict: booleanField().describe(
    'Do not start where these cannot be set, as kube-proxy does; otherwise it is a warning',
  ),
});

const streamOptions = z.strictObject({
  splitStream: booleanField(),
  infoBufferSize: quantityField(),
});

const logging = z.strictObject({
  format: wordField(['text', 'json']).describe(
    'Log lines for people (text) or for programs (json)',
  ),
  verbosity: integerField(0, INT32_MAX).describe('How much to log; from 4 on, debug messages too'),
  flushFrequency: longDurationField({ canBeZero: true }),
  vmodule: vmoduleField(),
  options: z.strictObject({ text: streamOptions, json: streamOptions }),
});

const winkernel = z.strictObject({
  networkName: textField(),
  sourceVip: textField(),
  enableDSR: booleanField(),
  rootHnsEndpointName: textField(),
  forwardHealthCheckVip: booleanField(),
});

/** `''` is how KubeProxyConfiguration spells its default. */
const mode = field(`${MODES.join(' or ')} (nftables is not there yet)`, (text) =>
  text === '' ? MODES[0] : MODES.find((each) => each === text),
);

/** What is to be done once instead of serving. */
const tasks = {
  dryRun: booleanField().describe('Print what would be done as a shell script; change nothing'),
  cleanup: booleanField().describe('Remove all that this program or kube-proxy put on the node'),
  initOnly: booleanField().describe(
    'Set what only a privileged process may set on the node, then end',
  ),
  writeConfigTo: pathField().describe(
    'Write the configuration with its defaults as KubeProxyConfiguration to this file, then end',
  ),
};

export const configSchema = z.strictObject({
  mode: mode.describe(`How Services get into the kernel: ${MODES.join(' or ')}`),
  configFile: pathField().describe(
    "kube-proxy's configuration file; flags that it has a field for then do not count",
  ),
  fairwayConfigFile: pathField().describe(
    'File of what kube-proxy has no field for, and of the mode, before the other file',
  ),
  ...tasks,
  clientConnection,
  manifests: pathField().describe(
    'Take objects from this YAML or JSON file or directory (- for stdin), not from an API server',
  ),
  nodeName: nodeNameField().describe(
    'Name of the Node we run on; by default NODE_NAME of the environment, else the host name',
  ),
  serviceProxyName: labelValueField().describe(
    'Handle only Services whose label service.kubernetes.io/service-proxy-name has this value, beside the proxy that handles those without the label',
  ),
  procSys: folderField().describe(
    "Where the node's sysctls are: a container's own /proc/sys is read-only, the node's /proc/sys/net mounted elsewhere is not",
  ),
  bindAddress: ipField().describe(
    "The node's primary address, where it is not that of its Node; nothing listens on it",
  ),
  clusterCIDR: clusterCidrField().describe(
    "The pods' addresses, one CIDR or one of each family: what comes from elsewhere is masqueraded",
  ),
  detectLocalMode: wordField(LOCAL_MODES).describe(
    'How a pod of this node is told from the rest: ClusterCIDR (not at all without --cluster-cidr), NodeCIDR, BridgeInterface or InterfaceNamePrefix',
  ),
  detectLocal,
  iptables,
  ipvs,
  userspace,
  nftables,
  winkernel,
  nodePortAddresses: nodePortAddressesField().describe(
    'Accept NodePorts only on local addresses in these CIDRs, or on the primary ones of the Node',
  ),
  conntrack,
  oomScoreAdj: integerField(-1000, 1000).describe(
    'How soon the kernel ends this process when it is short of memory, as oom_score_adj has it',
  ),
  healthzBindAddress: bindField(10_256).describe('Where to serve /healthz, /livez and /readyz'),
  metricsBindAddress: bindField(10_249).describe('Where to serve /metrics and /proxyMode'),
  bindAddressHardFail: booleanField().describe(
    'End where one of these two cannot be served; otherwise try again and go on',
  ),
  enableProfiling: booleanField().describe(
    'Serve profiles of processor and memory, beside metrics',
  ),
  showHiddenMetricsForVersion: minorVersionField(),
  logging,
  configSyncPeriod: longDurationField({ canBeZero: false }),
  featureGates: featureGatesField(),
  portRange: oldPortRangeField(),
  windowsRunAsService: booleanField(),
});

/** Validated; durations are milliseconds. */
export type Config = Readonly<z.output<typeof configSchema>>;
