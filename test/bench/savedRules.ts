/** What iptables-save prints, looked at: which chain holds a Service, and what stands before it. */

/** Rules by chain, both in their order. */
export type Chains = ReadonlyMap<string, readonly string[]>;

/** The chains of one table in the output of iptables-save. */
export function chainsOf(saved: string, table: string): Chains {
  const chains = new Map<string, string[]>();
  const start = saved.indexOf(`*${table}\n`);
  if (start === -1) return chains;
  for (const line of saved.slice(start, saved.indexOf('\nCOMMIT', start)).split('\n')) {
    if (line.startsWith(':')) chains.set(line.slice(1, line.indexOf(' ')), []);
    else if (line.startsWith('-A ')) chains.get(line.split(' ', 2)[1] ?? '')?.push(line);
  }
  return chains;
}

/** The chain whose rules lead to an endpoint: what a change of that endpoint rewrites. */
export function chainsByEndpoint(chains: Chains): ReadonlyMap<string, string> {
  const byEndpoint = new Map<string, string>();
  for (const [chain, rules] of chains) {
    for (const rule of rules) {
      const endpoint = optionOf(rule, '--to-destination');
      if (endpoint !== undefined) byEndpoint.set(endpoint, chain);
    }
  }
  return byEndpoint;
}

/** Input for iptables-restore that empties these chains of the nat table and fills them again. */
export function refillInput(chains: Chains, names: Iterable<string>): string {
  const unique = [...new Set(names)];
  const heads = unique.map((name) => `:${name} - [0:0]`);
  const rules = unique.flatMap((name) => chains.get(name) ?? []);
  return ['*nat', ...heads, ...rules, 'COMMIT', ''].join('\n');
}

export interface Placed {
  readonly clusterIp: string;
  /** The endpoint behind the last rule, as `address:port`. */
  readonly endpoint: string;
  /** How many rules a new connection meets up to that rule, at most. */
  readonly rules: number;
}

/**
 * The Service that the most rules stand before in the dispatch whose first chain is `root`. Parts
 * of the dispatch exclude each other, so a connection meets one jump of each chain on its way.
 */
export function worstPlaced(chains: Chains, root: string): Placed | undefined {
  let worst: Placed | undefined;
  function visit(chain: string, before: number): void {
    for (const [index, rule] of (chains.get(chain) ?? []).entries()) {
      const rules = before + index + 1;
      const clusterIp = optionOf(rule, '-d')?.replace('/32', '');
      const endpoint = optionOf(rule, '--to-destination');
      if (clusterIp !== undefined && endpoint !== undefined && rules > (worst?.rules ?? 0)) {
        worst = { clusterIp, endpoint, rules };
      }
      visit(optionOf(rule, '-j') ?? '', rules);
    }
  }
  visit(root, 0);
  return worst;
}

/** The word behind an option of a rule. */
function optionOf(rule: string, option: string): string | undefined {
  const words = rule.split(' ');
  const at = words.indexOf(option);
  return at === -1 ? undefined : words[at + 1];
}
