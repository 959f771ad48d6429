/** Config: all that the operator can choose, named as in KubeProxyConfiguration where it has it. */
import { z } from 'zod';

import { MODES } from '../backends/backend.ts';
import { BALANCINGS } from '../model/balancings.ts';
import { SCHEDULERS } from '../model/schedulers.ts';
import {
  bindField,
  booleanField,
  cidrsField,
  clusterCidrField,
  durationField,
  durationsField,
  integerField,
  interfaceField,
  modeField,
  nodeNameField,
  nodePortAddressesField,
  pathField,
  portRangeField,
  urlField,
  wordField,
} from './fields.ts';

const LOCAL_MODES = ['ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix'] as const;

const iptables = z.strictObject({
  masqueradeAll: booleanField().describe('Masquerade everything that is sent to a ClusterIP'),
  masqueradeBit: integerField(0, 31).describe('Bit of the packet mark that asks to masquerade'),
  localhostNodePorts: booleanField().describe('Accept NodePorts on 127.0.0.0/8'),
  syncPeriod: durationField({ canBeZero: false }).describe(
    'How often the rules are checked and, where others changed them, repaired',
  ),
  minSyncPeriod: durationField({ canBeZero: true }).describe(
    'Least time from the end of a sync to the start of the next',
  ),
  variant: wordField(['auto', 'nft', 'legacy']).describe(
    'Variant of the iptables programs: nft, legacy, or auto for the one that the node uses',
  ),
});

const detectLocal = z.strictObject({
  bridgeInterface: interfaceField("a bridge's name").describe(
    'Bridge that the pods of this node are on, for BridgeInterface',
  ),
  interfaceNamePrefix: interfaceField('a prefix of names').describe(
    "What the names of the pods' interfaces begin with, for InterfaceNamePrefix",
  ),
});

const ipvs = z.strictObject({
  scheduler: wordField(SCHEDULERS).describe(
    'How a connection gets its endpoint, where no annotation fairway.dev/scheduler says otherwise',
  ),
  excludeCIDRs: cidrsField().describe(
    'Virtual servers whose address is in one of these are never removed',
  ),
  strictARP: booleanField().describe(
    "Answer ARP only for the asked interface's own addresses, never for a Service's",
  ),
  tcpTimeout: durationField({ canBeZero: true }).describe(
    "When an idle TCP connection is forgotten; 0s leaves the kernel's",
  ),
  tcpFinTimeout: durationField({ canBeZero: true }).describe(
    "The same after its end has begun; 0s leaves the kernel's",
  ),
  udpTimeout: durationField({ canBeZero: true }).describe(
    "When an idle UDP flow is forgotten; 0s leaves the kernel's",
  ),
  drainTimeout: durationField({ canBeZero: true }).describe(
    'How long the connections of an endpoint that went may still run',
  ),
  syncPeriod: durationField({ canBeZero: false }).describe(
    'How often the node is checked and, where others changed it, repaired',
  ),
  minSyncPeriod: durationField({ canBeZero: true }).describe(
    'Least time from the end of a sync to the start of the next',
  ),
});

const userspace = z.strictObject({
  ports: portRangeField().describe(
    'Where the relay listens, on addresses that nobody can dial: the first free port; a second process takes the next',
  ),
  workers: integerField(0, 64).describe('Threads of the relay; 0 for half of the processors'),
  balancing: wordField(BALANCINGS).describe(
    'How a connection gets its endpoint, where no annotation fairway.dev/balancing says otherwise',
  ),
  dialTimeouts: durationsField().describe(
    'How long each attempt at an endpoint may take before the next one is tried; after the last the client is reset',
  ),
  connectionLimit: integerField(0, 1_000_000).describe(
    'Most connections at a time; 0 for what the limit on open files allows',
  ),
  idleTimeout: durationField({ canBeZero: true }).describe(
    'When a TCP connection that moves no byte is closed; 0s for never',
  ),
  udpTimeout: durationField({ canBeZero: false }).describe(
    'When an idle UDP flow is forgotten; one that had no answer, after a quarter of it',
  ),
  udpFlows: integerField(1, 1_000_000).describe('Most UDP flows at a time'),
  drainTimeout: durationField({ canBeZero: true }).describe(
    'How long running connections may go on once the agent is asked to end',
  ),
  strictARP: booleanField().describe(
    "Answer ARP only for the asked interface's own addresses, never for a Service's",
  ),
  keepClientAddress: booleanField().describe(
    "Pods of this node see their clients' address, for clients from elsewhere; takes routing table 142",
  ),
  bridgeNetfilter: wordField(['keep', 'off']).describe(
    'Whether iptables sees packets on bridges: keep what the node says, or off, for pods on a bridge where the kernel allows no BPF or is older than 5.17',
  ),
  syncPeriod: durationField({ canBeZero: false }).describe(
    'How often rules and table are checked and, where others changed them, repaired',
  ),
  minSyncPeriod: durationField({ canBeZero: true }).describe(
    'Least time from the end of a sync to the start of the next',
  ),
});

export const configSchema = z.strictObject({
  mode: modeField(MODES).describe(`How Services get into the kernel: ${MODES.join(' or ')}`),
  clientConnection: z.strictObject({
    kubeconfig: pathField().describe(
      'File that says where the API server is; without it, what a pod finds in its environment',
    ),
    server: urlField().describe(
      "The API server's URL, over what the kubeconfig or the environment say: its own Service's address works only once the rules stand",
    ),
  }),
  manifests: pathField().describe(
    'Take objects from this YAML or JSON file or directory (- for stdin), not from an API server',
  ),
  nodeName: nodeNameField().describe(
    'Name of the Node we run on; by default NODE_NAME of the environment, else the host name',
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
  nodePortAddresses: nodePortAddressesField().describe(
    'Accept NodePorts only on local addresses in these CIDRs, or on the primary ones of the Node',
  ),
  healthzBindAddress: bindField(10_256).describe('Where to serve /healthz, /livez and /readyz'),
  metricsBindAddress: bindField(10_249).describe('Where to serve /metrics and /proxyMode'),
  conntrack: z.strictObject({
    tcpBeLiberal: booleanField().describe(
      'Let TCP packets outside the window pass, where they are otherwise dropped as INVALID',
    ),
  }),
  logging: z.strictObject({
    format: wordField(['text', 'json']).describe(
      'Log lines for people (text) or for programs (json)',
    ),
    verbosity: integerField(0, 10).describe('How much to log; from 4 on, debug messages too'),
  }),
  dryRun: booleanField().describe('Print what would be done as a shell script; change nothing'),
  cleanup: booleanField().describe('Remove all that this program or kube-proxy put on the node'),
});

/** Validated; durations are milliseconds. */
export type Config = Readonly<z.output<typeof configSchema>>;
