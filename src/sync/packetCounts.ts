/** Packets that a rule of ours has met, as the kernel counts them. */
import type { Kernel } from '../kernel/kernel.ts';
import type { IptablesPrograms } from '../kernel/variant.ts';

/** How many packets were dropped because conntrack calls them INVALID; lists one chain a family. */
export async function countInvalid(kernel: Kernel, programs: IptablesPrograms): Promise<number> {
  let total = 0;
  for (const family of programs.families) {
    const iptables = programs.names[family].save.replace(/-save$/, '');
    const args = ['-t', 'filter', '-nvxL', 'KUBE-FORWARD'];
    total += parseInvalid(await kernel.list(iptables, args));
  }
  return total;
}

/** From the list of the chain: its INVALID rule's first column, 0 when it has no such rule. */
export function parseInvalid(list: string): number {
  return Number(/^\s*(\d+)\s.*\bctstate INVALID\b/m.exec(list)?.[1] ?? 0);
}
