/** The Policy on this node, as it becomes known. */
import { policyFrom } from '../config/policy.ts';
import type { Config } from '../config/schema.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { availableSchedulers } from '../kernel/schedulers.ts';
import { isEqual } from '../model/equal.ts';
import type { NodeInfo, Policy } from '../model/types.ts';
import type { Log } from '../observe/log.ts';

const BE_LIBERAL = 'net.netfilter.nf_conntrack_tcp_be_liberal';

export interface PolicyReaderOptions {
  readonly config: Config;
  readonly log: Log;
  readonly kernel: Kernel;
}

/**
 * A function from the Node to the Policy; undefined, with one log line, while facts are missing.
 * (kube-proxy waits five minutes for them and ends.) Facts that a Node had and lacks now, as one
 * that was deleted and made again does for a while, stay in force; new ones are followed at once.
 */
export async function policyReader(
  options: PolicyReaderOptions,
): Promise<(node: NodeInfo) => Policy | undefined> {
  const { config, log, kernel } = options;
  const liberal = await kernel.sysctl(BE_LIBERAL);
  const isConntrackLiberal = liberal !== undefined && liberal !== '0';
  const schedulers = config.mode === 'ipvs' ? await availableSchedulers() : undefined;
  let last: Policy | undefined;
  let waitsFor = '';
  return (node) => {
    const { policy, missing } = policyFrom(config, node, { isConntrackLiberal, schedulers });
    const missingText = missing?.join(', ') ?? '';
    if (missingText !== waitsFor && missingText !== '') {
      const text = last === undefined ? WAITING : GOING_ON;
      log.warn(text, { missing: missingText });
    }
    if (missingText === '' && waitsFor !== '') log.info('the Node lacks nothing any more');
    waitsFor = missingText;
    if (policy === undefined) return last;
    // The same object while nothing differs: backends start anew for another Policy.
    if (!isEqual(policy, last)) last = policy;
    return last;
  };
}

const WAITING = 'waiting for what the Node lacks';
const GOING_ON = 'the Node lacks what it had, which stays in force';
