/** The agent under test: the real program, and what can be seen of it from outside. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { startAgent } from '../lab/agentProcess.ts';
import type { AgentProcess } from '../lab/agentProcess.ts';
import { directoryOf } from '../lab/namespaces.ts';
import { CLUSTER_CIDR } from './addresses.ts';
import { NODE_NAME } from './apiServer.ts';
import type { ApiServer } from './apiServer.ts';
import type { BenchVariant } from './options.ts';
import { cpuSeconds, megabytes, syncDurations } from './procfs.ts';
import type { Site } from './site.ts';

export interface BenchAgent extends AgentProcess {
  /** Of the agent, and of the programs that it ran. */
  cpu(): { readonly own: number; readonly tools: number };
  /** Resident memory now and at its highest. */
  memory(): { readonly now: number; readonly peak: number };
  /** How many milliseconds each sync took, by its own account. */
  syncs(): readonly number[];
}

/** Start it with the defaults that a user gets; it is not waited for. */
export function startBenchAgent(site: Site, api: ApiServer, variant: BenchVariant): BenchAgent {
  const isMode = variant === 'ipvs' || variant === 'userspace';
  const flags = [
    `--kubeconfig=${api.kubeconfig}`,
    `--hostname-override=${NODE_NAME}`,
    `--cluster-cidr=${CLUSTER_CIDR}`,
    `--proxy-mode=${isMode ? variant : 'iptables'}`,
    `--iptables-variant=${isMode ? 'nft' : variant}`,
    '--logging-format=json',
  ];
  const logFile = join(directoryOf(site.prefix), 'agent.log');
  const agent = startAgent(site.namespace('node'), flags, logFile);
  function procfs(file: string): string {
    return readFileSync(`/proc/${String(agent.pid)}/${file}`, 'utf8');
  }
  return {
    ...agent,
    cpu: () => cpuSeconds(procfs('stat')),
    memory: () => megabytes(procfs('status')),
    syncs: () => syncDurations(agent.logged()),
  };
}
