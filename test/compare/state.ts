/** How much a mode put into the kernel of a node. */
import { runInside } from '../lab/program.ts';

export interface KernelState {
  /** iptables rules of both families. */
  readonly rules: number;
  /** All that is no rule: chains, sets and what is in them, virtual and real servers, nft objects. */
  readonly objects: number;
}

/** Each lister with the lines of it that count as rules and as objects. */
const LISTERS: readonly {
  readonly command: readonly string[];
  readonly rule?: RegExp;
  readonly object?: RegExp;
}[] = [
  ...['iptables-nft', 'ip6tables-nft', 'iptables-legacy', 'ip6tables-legacy'].map((program) => ({
    command: [`${program}-save`],
    rule: /^-A /,
    object: /^:(?!(?:PREROUTING|INPUT|FORWARD|OUTPUT|POSTROUTING) )/,
  })),
  { command: ['ipset', 'save'], object: /^(?:create|add) / },
  { command: ['ipvsadm', '-S', '-n'], object: /^-/ },
  { command: ['ip', 'route', 'show', 'table', 'local', 'proto', '142'], object: /./ },
];

/** A program that is missing or finds no support in the kernel has nothing to list. */
export async function kernelState(namespace: string): Promise<KernelState> {
  let [rules, objects] = [0, 0];
  for (const { command, rule, object } of LISTERS) {
    const listed = await runInside(namespace, command).catch(() => '');
    for (const line of listed.split('\n')) {
      if (rule?.test(line) === true) rules += 1;
      else if (object?.test(line) === true) objects += 1;
    }
  }
  return { rules, objects };
}
