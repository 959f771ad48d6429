/** The tables of one family in memory, as iptables-restore changes and iptables-save shows them. */

interface Chain {
  /** `ACCEPT` for a built-in chain, `-` for one that somebody made. */
  readonly policy: string;
  readonly rules: readonly string[];
}

type Chains = ReadonlyMap<string, Chain>;
type Draft = Map<string, Chain>;

/** The kernel or the program refuses line `line` of the input. */
export class Refusal extends Error {
  readonly line: number;

  constructor(line: number, reason: string) {
    super(reason);
    this.line = line;
  }
}

const BUILT_IN: Readonly<Record<string, readonly string[]>> = {
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

const TARGETS: ReadonlySet<string> = new Set(
  'ACCEPT DROP RETURN REJECT DNAT SNAT MASQUERADE REDIRECT MARK CONNMARK SET LOG NFLOG CT TPROXY'.split(
    ' ',
  ),
);

export interface FakeIptables {
  /** `iptables-restore --noflush`: each table is taken over whole or not at all; throws Refusal. */
  restore(input: string): void;
  /** `iptables-save`, of one table or of all that exist; chains sorted. */
  save(table?: string): string;
  /** Whether a rule of any table names this ipset. */
  usesSet(set: string): boolean;
}

/** `hasSet` tells whether an ipset exists, for rules that name one. */
export function fakeIptables(hasSet: (name: string) => boolean): FakeIptables {
  const tables = new Map<string, Chains>();

  function restore(input: string): void {
    let open: { readonly name: string; readonly draft: Draft } | undefined;
    for (const [index, line] of input.split('\n').entries()) {
      const number = index + 1;
      if (line === '' || line.startsWith('#')) continue;
      if (line.startsWith('*')) {
        open = { name: line.slice(1), draft: new Map(tableOf(line.slice(1), number)) };
      } else if (open === undefined) {
        throw new Refusal(number, 'no table is open');
      } else if (line === 'COMMIT') {
        tables.set(open.name, open.draft);
        open = undefined;
      } else {
        change(open.draft, line, { number, hasSet });
      }
    }
    if (open !== undefined) throw new Refusal(input.split('\n').length, 'COMMIT expected');
  }

  function tableOf(name: string, line: number): Chains {
    const builtIn = BUILT_IN[name];
    if (builtIn === undefined) throw new Refusal(line, `no table ${name}`);
    return tables.get(name) ?? new Map(builtIn.map((chain) => [chain, emptyChain('ACCEPT')]));
  }

  function save(wanted?: string): string {
    const names = [...tables.keys()].filter((name) => wanted === undefined || name === wanted);
    return names.sort().map(printTable).join('');
  }

  function printTable(name: string): string {
    // Built-in chains come first and in the order of the hooks, as Map keeps them.
    const builtIn = [...(tables.get(name) ?? [])].filter(([, chain]) => chain.policy !== '-');
    const made = [...(tables.get(name) ?? [])].filter(([, chain]) => chain.policy === '-');
    const chains = [...builtIn, ...made.sort(([a], [b]) => (a < b ? -1 : 1))];
    const heads = chains.map(([chain, { policy }]) => `:${chain} ${policy} [0:0]`);
    const rules = chains.flatMap(([chain, each]) =>
      each.rules.map((rule) => `-A ${chain} ${rule}`),
    );
    return [`*${name}`, ...heads, ...rules, 'COMMIT', ''].join('\n');
  }

  function usesSet(set: string): boolean {
    const rules = [...tables.values()].flatMap((chains) => [...chains.values()]).flatMap(rulesOf);
    return rules.some((rule) => setsOf(rule).includes(set));
  }

  return { restore, save, usesSet };
}

interface Place {
  readonly number: number;
  readonly hasSet: (name: string) => boolean;
}

function change(draft: Draft, line: string, place: Place): void {
  const [, command = '', name = '', rest = ''] = /^(:|-[A-Z] )(\S+) ?(.*)$/.exec(line) ?? [];
  function refuse(reason: string): never {
    throw new Refusal(place.number, reason);
  }
  if (command === ':') {
    declare(draft, name, rest.split(' ')[0] ?? '', refuse);
    return;
  }
  const chain = draft.get(name) ?? refuse(`no chain ${name}`);
  const change = CHANGES[command.trim()] ?? refuse(`unknown command ${command}`);
  change(draft, { name, chain, rest, refuse, hasSet: place.hasSet });
}

interface Request {
  readonly name: string;
  readonly chain: Chain;
  /** What follows the chain's name. */
  readonly rest: string;
  readonly refuse: (reason: string) => never;
  readonly hasSet: (name: string) => boolean;
}

const CHANGES: Readonly<Record<string, (draft: Draft, request: Request) => void>> = {
  '-A': (draft, request) => {
    insert(draft, request, request.chain.rules.length, request.rest);
  },
  '-I': (draft, request) => {
    const [, position = '1', rule = ''] = /^(?:(\d+) )?(.*)$/.exec(request.rest) ?? [];
    insert(draft, request, Number(position) - 1, rule);
  },
  '-D': (draft, { name, chain, rest, refuse }) => {
    const index = chain.rules.indexOf(rest);
    if (index === -1) refuse(`no rule ${rest} in ${name}`);
    draft.set(name, { ...chain, rules: chain.rules.toSpliced(index, 1) });
  },
  '-F': (draft, { name, chain }) => {
    draft.set(name, { ...chain, rules: [] });
  },
  '-X': (draft, { name, chain, refuse }) => {
    if (chain.policy !== '-') refuse(`${name} is built in`);
    if (chain.rules.length > 0) refuse(`${name} is not empty`);
    const isUsed = [...draft.values()].flatMap(rulesOf).some((rule) => targetOf(rule) === name);
    if (isUsed) refuse(`${name} is jumped to`);
    draft.delete(name);
  },
};

/** `:NAME`: make the chain, or empty it; a built-in one only gets its policy. */
function declare(draft: Draft, name: string, policy: string, refuse: Request['refuse']): void {
  const before = draft.get(name);
  if (before !== undefined && before.policy !== '-') {
    draft.set(name, { policy, rules: [] });
    return;
  }
  if (name.length > 28) refuse(`chain name ${name} too long (must be under 29 chars)`);
  draft.set(name, emptyChain('-'));
}

function insert(draft: Draft, request: Request, index: number, rule: string): void {
  const { name, chain, refuse, hasSet } = request;
  if (index > chain.rules.length) refuse('index of insertion too big');
  const target = targetOf(rule);
  if (target !== undefined && !TARGETS.has(target) && draft.get(target)?.policy !== '-') {
    refuse(`no chain or target ${target}`);
  }
  for (const set of setsOf(rule)) if (!hasSet(set)) refuse(`set ${set} doesn't exist`);
  draft.set(name, { ...chain, rules: chain.rules.toSpliced(index, 0, rule) });
}

function emptyChain(policy: string): Chain {
  return { policy, rules: [] };
}

function rulesOf(chain: Chain): readonly string[] {
  return chain.rules;
}

function targetOf(rule: string): string | undefined {
  return /(?:^| )-[jg] (\S+)/.exec(rule)?.[1];
}

function setsOf(rule: string): readonly string[] {
  return [...rule.matchAll(/--(?:match|add|del)-set (\S+)/g)].map(([, set = '']) => set);
}
