/** What the agent sets on the node once, at its start: conntrack's size and patience, its own place. */
import type { Config } from '../config/schema.ts';
import { KernelError } from '../kernel/errors.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { ownProcess } from '../kernel/ownProcess.ts';
import type { OwnProcess } from '../kernel/ownProcess.ts';
import type { Log } from '../observe/log.ts';
import type { SysctlOperation } from '../plan/operation.ts';
import { modeSysctls } from './modeSysctls.ts';

/** What the node has now. */
export interface NodeSetupFacts {
  readonly processors: number;
  /** By name; without those that this kernel has not. */
  readonly sysctls: ReadonlyMap<string, string>;
  readonly oomScoreAdj: number | undefined;
}

/** What is to be changed; empty where all is as it should be. */
export interface NodeSettings {
  readonly sysctls: readonly SysctlOperation[];
  /** undefined to leave it. */
  readonly oomScoreAdj: number | undefined;
}

const MAX = 'net.netfilter.nf_conntrack_max';
/** The same as /sys/module/nf_conntrack/parameters/hashsize, which many containers cannot write. */
const BUCKETS = 'net.netfilter.nf_conntrack_buckets';

const TIMEOUTS = {
  tcpEstablishedTimeout: 'net.netfilter.nf_conntrack_tcp_timeout_established',
  tcpCloseWaitTimeout: 'net.netfilter.nf_conntrack_tcp_timeout_close_wait',
  udpTimeout: 'net.netfilter.nf_conntrack_udp_timeout',
  udpStreamTimeout: 'net.netfilter.nf_conntrack_udp_timeout_stream',
} as const;

/** kube-proxy's limit since 1.36 (kubernetes #137002): the table takes 300 bytes for each. */
const MOST_CONNECTIONS = 1_048_576;

/** Chains of the table get this long on average. */
const CONNECTIONS_PER_BUCKET = 4;

/** Pure: what differs from what the operator wants. */
export function nodeSettings(
  { conntrack, oomScoreAdj }: Pick<Config, 'conntrack' | 'oomScoreAdj'>,
  facts: NodeSetupFacts,
): NodeSettings {
  const max = connectionLimit(conntrack, facts.processors);
  const sizes = [
    atLeast(facts, MAX, max, 'Room for connections in conntrack'),
    atLeast(facts, BUCKETS, Math.floor(max / CONNECTIONS_PER_BUCKET), 'Short chains in conntrack'),
  ];
  const timeouts = (Object.keys(TIMEOUTS) as (keyof typeof TIMEOUTS)[]).map((field) =>
    exactly(facts, TIMEOUTS[field], conntrack[field]),
  );
  return {
    sysctls: [...sizes, ...timeouts].filter((each) => each !== undefined),
    oomScoreAdj: facts.oomScoreAdj === oomScoreAdj ? undefined : oomScoreAdj,
  };
}

/** As kube-proxy computes it: above its limit the least one does not count; 0 leaves the kernel's. */
function connectionLimit(
  { maxPerCore, min }: Pick<Config['conntrack'], 'maxPerCore' | 'min'>,
  processors: number,
): number {
  if (maxPerCore === 0) return 0;
  const scaled = maxPerCore * processors;
  return scaled > MOST_CONNECTIONS ? MOST_CONNECTIONS : Math.max(scaled, min);
}

/** A node that has more was given more on purpose (kubernetes #142035). */
function atLeast(
  { sysctls }: NodeSetupFacts,
  name: string,
  value: number,
  purpose: string,
): SysctlOperation | undefined {
  if (value === 0 || Number(sysctls.get(name) ?? 0) >= value) return undefined;
  return { kind: 'sysctl', purpose, name, value: String(value) };
}

/** The kernel counts whole seconds. */
function exactly(
  { sysctls }: NodeSetupFacts,
  name: string,
  milliseconds: number,
): SysctlOperation | undefined {
  if (milliseconds === 0) return undefined;
  const value = String(Math.max(1, Math.floor(milliseconds / 1000)));
  if (sysctls.get(name) === value) return undefined;
  return { kind: 'sysctl', purpose: "conntrack's patience with a flow", name, value };
}

/**
 * Set it, and with `config.initOnly` the sysctls of the mode, too, so that a process without the
 * right to do so can follow. What cannot be set is one warning for each value, unless
 * `conntrack.strict` says that it ends the start: then this rejects with the KernelError. A sysctl
 * of the mode, without which there is no service, always does.
 */
export async function setUpNode(
  config: Config,
  kernel: Kernel,
  log: Log,
  own: OwnProcess = ownProcess(),
): Promise<void> {
  await loadConntrack(kernel);
  const facts = await factsOf(kernel, own);
  const { sysctls, oomScoreAdj } = nodeSettings(config, facts);
  for (const operation of sysctls) {
    const { name, value } = operation;
    const was = facts.sysctls.get(name);
    try {
      await kernel.apply(operation);
      log.info('node set up', { sysctl: name, value, was });
    } catch (error) {
      if (config.conntrack.strict || !(error instanceof KernelError)) throw error;
      log.warn('node not set up', { sysctl: name, value, was, error: error.message });
    }
  }
  if (oomScoreAdj !== undefined) await setOomScore(oomScoreAdj, own, log);
  if (config.initOnly) await setModeSysctls(config, kernel, log);
}

async function setModeSysctls(config: Config, kernel: Kernel, log: Log): Promise<void> {
  for (const operation of await modeSysctls(config, kernel)) {
    const { name, value } = operation;
    await kernel.apply(operation);
    log.info('node set up', { sysctl: name, value });
  }
}

/** kube-proxy says nothing at all of this where it is not allowed to. */
async function setOomScore(value: number, own: OwnProcess, log: Log): Promise<void> {
  try {
    await own.setOomScoreAdj(value);
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    log.info('oom_score_adj stays as it is', { error: error.message });
  }
}

/** Its sysctls are there once it is loaded, which the first rule would do later. */
async function loadConntrack(kernel: Kernel): Promise<void> {
  if ((await kernel.sysctl(MAX)) !== undefined) return;
  await kernel.list('conntrack', ['--count']).catch(() => '');
}

async function factsOf(kernel: Kernel, own: OwnProcess): Promise<NodeSetupFacts> {
  const sysctls = new Map<string, string>();
  for (const name of [MAX, BUCKETS, ...Object.values(TIMEOUTS)]) {
    const value = await kernel.sysctl(name);
    if (value !== undefined) sysctls.set(name, value);
  }
  return { processors: own.processors, sysctls, oomScoreAdj: await own.oomScoreAdj() };
}
