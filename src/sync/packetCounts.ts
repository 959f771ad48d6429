/** Packets that rules of ours have met, as the kernel counts them. */
import type { Kernel } from '../kernel/kernel.ts';
import type { IptablesPrograms } from '../kernel/variant.ts';

/** Since the rules were made; undefined where that cannot be said now. */
export interface PacketCounts {
  /** Dropped because conntrack calls them INVALID; 0 where they are let through. */
  readonly invalidDropped: number | undefined;
  /** First packets of flows to a NodePort on 127.0.0.0/8; undefined where no rule counts them. */
  readonly localhostNodePorts: number | undefined;
}

/** Lists a chain for each; a node that cannot list one now has no count. */
export async function countPackets(
  kernel: Pick<Kernel, 'list'>,
  { families, names }: Pick<IptablesPrograms, 'families' | 'names'>,
): Promise<PacketCounts> {
  let invalidDropped: number | undefined;
  let localhostNodePorts: number | undefined;
  for (const family of families) {
    const program = names[family].save.replace(/-save$/, '');
    const list = (table: string, chain: string): Promise<string> =>
      kernel.list(program, ['-t', table, '-nvxL', chain]).catch(() => '');
    const forward = await list('filter', 'KUBE-FORWARD');
    if (forward !== '') {
      invalidDropped = (invalidDropped ?? 0) + (packetsOf(forward, /\bctstate INVALID\b/) ?? 0);
    }
    if (family !== 4) continue;
    const postrouting = await list('nat', 'KUBE-POSTROUTING');
    localhostNodePorts = packetsOf(postrouting, /\bctorigdst 127\.0\.0\.0\/8\b/);
  }
  return { invalidDropped, localhostNodePorts };
}

/** The first column of the rule that matches, from the list of its chain. */
function packetsOf(list: string, rule: RegExp): number | undefined {
  const line = list.split('\n').find((each) => rule.test(each));
  const count = /^\s*(\d+)\s/.exec(line ?? '')?.[1];
  return count === undefined ? undefined : Number(count);
}
