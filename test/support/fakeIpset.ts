/** ipsets in memory, as `ipset restore -exist` changes and `ipset save` and `list` show them. */
import { Refusal } from './fakeIptables.ts';

interface IpSet {
  /** Type and options: `hash:ip family inet timeout 60`. */
  readonly definition: string;
  readonly entries: readonly string[];
}

export interface FakeIpset {
  /** Not atomic: lines before a refused one stay done; throws Refusal. */
  restore(input: string): void;
  save(): string;
  /** `ipset list -terse`. */
  listTerse(): string;
  has(name: string): boolean;
}

/** `isUsed` tells whether a rule names the set, which then cannot be destroyed. */
export function fakeIpset(isUsed: (name: string) => boolean): FakeIpset {
  const sets = new Map<string, IpSet>();

  function restore(input: string): void {
    for (const [index, line] of input.split('\n').entries()) {
      if (line !== '') change(line, index + 1);
    }
  }

  function change(line: string, number: number): void {
    const [command = '', name = '', ...rest] = line.split(' ');
    const text = rest.join(' ');
    if (command === 'create') create(name, text, number);
    else if (command === 'destroy') destroy(name, number);
    else {
      const set = existing(name, number);
      const entries = ENTRY_COMMANDS[command]?.(set.entries, text);
      if (entries === undefined) throw new Refusal(number, `unknown command ${command}`);
      sets.set(name, { ...set, entries });
    }
  }

  function create(name: string, definition: string, number: number): void {
    const set = sets.get(name) ?? { definition, entries: [] };
    if (set.definition !== definition) {
      throw new Refusal(number, 'set with the same name already exists');
    }
    sets.set(name, set);
  }

  function destroy(name: string, number: number): void {
    existing(name, number);
    if (isUsed(name)) throw new Refusal(number, 'set cannot be destroyed: it is in use');
    sets.delete(name);
  }

  function existing(name: string, number: number): IpSet {
    const set = sets.get(name);
    if (set === undefined) throw new Refusal(number, 'the set with the given name does not exist');
    return set;
  }

  function sorted(): readonly NamedSet[] {
    return [...sets].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  return {
    restore,
    save: () => sorted().map(printSave).join(''),
    listTerse: () => sorted().map(printTerse).join('\n'),
    has: (name) => sets.has(name),
  };
}

type NamedSet = readonly [string, IpSet];

function printSave([name, { definition, entries }]: NamedSet): string {
  const adds = entries.map((entry) => `add ${name} ${entry}`);
  return [`create ${name} ${definition}`, ...adds, ''].join('\n');
}

function printTerse([name, { definition, entries }]: NamedSet): string {
  const [type = '', ...header] = definition.split(' ');
  const count = `Number of entries: ${String(entries.length)}`;
  return [`Name: ${name}`, `Type: ${type}`, `Header: ${header.join(' ')}`, count, ''].join('\n');
}

type Entries = readonly string[];

/** What each command makes of a set's entries. */
const ENTRY_COMMANDS: Readonly<Record<string, (entries: Entries, entry: string) => Entries>> = {
  add: (entries, entry) => [...without(entries, entry), entry].sort(),
  del: without,
  flush: () => [],
};

/** What stands behind an entry, a mark for instance, is not what it is known by. */
function without(entries: Entries, entry: string): Entries {
  const [name] = entry.split(' ');
  return entries.filter((each) => each.split(' ')[0] !== name);
}
