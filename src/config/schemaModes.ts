/** What each mode can be told: sections of Config. */
import { z } from 'zod';

import { BALANCINGS } from '../model/balancings.ts';
import { SCHEDULERS } from '../model/schedulers.ts';
import {
  booleanField,
  cidrsField,
  durationField,
  durationsField,
  integerField,
  portRangeField,
  wordField,
} from './fields.ts';

const syncPeriod = durationField({ canBeZero: false });
const minSyncPeriod = durationField({ canBeZero: true }).describe(
  'Least time from the end of a sync to the start of the next',
);

export const iptables = z.strictObject({
  masqueradeAll: booleanField().describe('Masquerade everything that is sent to a ClusterIP'),
  masqueradeBit: integerField(0, 31).describe('Bit of the packet mark that asks to masquerade'),
  localhostNodePorts: booleanField().describe('Accept NodePorts on 127.0.0.0/8'),
  syncPeriod: syncPeriod.describe(
    'How often the rules are checked and, where others changed them, repaired',
  ),
  minSyncPeriod,
  variant: wordField(['auto', 'nft', 'legacy']).describe(
    'Variant of the iptables programs: nft, legacy, or auto for the one that the node uses',
  ),
});

export const ipvs = z.strictObject({
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
  syncPeriod: syncPeriod.describe(
    'How often the node is checked and, where others changed it, repaired',
  ),
  minSyncPeriod,
});

export const userspace = z.strictObject({
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
  syncPeriod: syncPeriod.describe(
    'How often rules and table are checked and, where others changed them, repaired',
  ),
  minSyncPeriod,
});

/** Read and kept for a later mode; nothing here uses it. */
export const nftables = z.strictObject({
  masqueradeBit: integerField(0, 31),
  masqueradeAll: booleanField(),
  syncPeriod,
  minSyncPeriod,
});
