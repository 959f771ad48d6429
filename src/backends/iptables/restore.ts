/** From what is installed to what is desired: input for iptables-restore and ipset restore. */
import { difference } from '../../sorted/sortedMap.ts';
import type { Family } from '../../net/family.ts';
import { FAMILIES } from '../../net/family.ts';
import type { Operation, Plan } from '../../plan/operation.ts';
import type { Installed, ObjectKey, Rules } from '../backend.ts';
import { heldKey, isIptablesTable, parseKey, TABLES } from './names.ts';
import type { Table } from './names.ts';
import { isMarker, planSwitches } from './switches.ts';

/** Names of the programs of the variant that this node uses. */
export interface IptablesPrograms {
  /** The families that this node has. */
  readonly families: readonly Family[];
  readonly names: Readonly<Record<Family, { readonly restore: string; readonly save: string }>>;
}

/** Other chains and their counters stay; -w: wait up to 5 s for others that hold the lock. */
const RESTORE_ARGS = ['-w', '5', '--noflush'];

/** The changes of one table. */
interface TableChange {
  /** Chains to create or empty, with the rules that they get. */
  readonly filled: Map<string, string>;
  readonly deleted: string[];
  readonly jumpsOut: string[];
  readonly jumpsIn: string[];
}

interface FamilyChange {
  readonly tables: Record<Table, TableChange>;
  readonly setsIn: string[];
  readonly setsOut: string[];
}

/**
 * The ordered operations that turn `installed` into `desired`. Sets first, since rules name them;
 * nat before filter, so that an address is forwarded before its refusal goes; the sysctl that
 * opens 127/8 only behind the rule that guards it. Each table is one transaction.
 */
export function planIptables(
  installed: Installed,
  desired: Rules,
  programs: IptablesPrograms,
): Plan {
  const changes = { 4: noChange(), 6: noChange() };
  collect(installed, desired, changes);
  const switches = planSwitches(installed, desired);
  const { filled, deleted } = changes[4].tables.filter;
  for (const marker of [...switches.markersIn, ...switches.markersOut]) filled.set(marker, '');
  deleted.push(...switches.markersOut);
  const operations: Operation[] = [...switches.off];
  for (const family of FAMILIES) {
    operations.push(
      ...setOperations(
        changes[family].setsIn,
        `Sets of clients that session affinity remembers, IPv${String(family)}`,
      ),
    );
    operations.push(...restoreOperations(changes[family], family, programs));
  }
  operations.push(...switches.on);
  for (const family of FAMILIES) {
    operations.push(
      ...setOperations(changes[family].setsOut, `Sets no longer in use, IPv${String(family)}`),
    );
  }
  return { operations };
}

function noChange(): FamilyChange {
  const table = (): TableChange => ({
    filled: new Map(),
    deleted: [],
    jumpsOut: [],
    jumpsIn: [],
  });
  return {
    tables: { nat: table(), filter: table(), mangle: table() },
    setsIn: [],
    setsOut: [],
  };
}

function collect(
  installed: Installed,
  desired: Rules,
  changes: Readonly<Record<Family, FamilyChange>>,
): void {
  const visit = (key: ObjectKey, before: string | undefined, after: string | undefined): void => {
    const { family, table, kind, name } = parseKey(key);
    if (family === 0 || !isIptablesTable(table) || kind === 'held' || isMarker(name)) return;
    const change = changes[family];
    if (table === 'ipset') collectSet(change, name, before, after);
    else if (table !== 'sysctl' && kind === 'chain') {
      const isHeld = installed.has(heldKey(family, table, name));
      collectChain(change.tables[table], { name, isHeld }, after);
    } else if (table !== 'sysctl') {
      change.tables[table].jumpsOut.push(...linesOf(before));
      change.tables[table].jumpsIn.push(...linesOf(after));
    }
  };
  difference(installed, desired, {
    added: (key, text) => {
      visit(key, undefined, text);
    },
    removed: (key, text) => {
      visit(key, text, undefined);
    },
    changed: visit,
  });
}

function linesOf(text: string | undefined): readonly string[] {
  return text === undefined || text === '' ? [] : text.split('\n');
}

function collectSet(change: FamilyChange, name: string, before?: string, after?: string): void {
  if (before !== undefined) change.setsOut.push(`destroy ${name}`);
  if (after !== undefined) change.setsIn.push(`create ${name} ${after} ${SET_LIMITS}`);
}

/** Entries without a time of their own keep 3 h; rules always give one. Small until used. */
const SET_LIMITS = 'hashsize 64 maxelem 65536 timeout 10800';

function collectChain(
  change: TableChange,
  chain: { readonly name: string; readonly isHeld: boolean },
  after: string | undefined,
): void {
  change.filled.set(chain.name, after ?? '');
  if (after === undefined && !chain.isHeld) change.deleted.push(chain.name);
}

function setOperations(lines: readonly string[], purpose: string): readonly Operation[] {
  if (lines.length === 0) return [];
  const stdin = `${lines.join('\n')}\n`;
  return [
    {
      kind: 'run',
      purpose,
      program: 'ipset',
      args: ['restore', '-exist'],
      stdin,
    },
  ];
}

function restoreOperations(
  change: FamilyChange,
  family: Family,
  programs: IptablesPrograms,
): readonly Operation[] {
  const stdin = TABLES.map((table) => printTable(table, change.tables[table])).join('');
  if (stdin === '') return [];
  const purpose = `Rules for IPv${String(family)} Services`;
  return [
    {
      kind: 'run',
      purpose,
      program: programs.names[family].restore,
      args: RESTORE_ARGS,
      stdin,
    },
  ];
}

/** One table's part of the input; empty when nothing changes. */
function printTable(table: Table, change: TableChange): string {
  const lines = [...change.filled.keys()].map((chain) => `:${chain} - [0:0]`);
  for (const rule of change.jumpsOut) lines.push(rule.replace(/^-A/, '-D'));
  for (const text of change.filled.values()) if (text !== '') lines.push(text);
  lines.push(...insertions(change.jumpsIn));
  // References go first: a chain that something still jumps to cannot be deleted.
  for (const chain of change.deleted) lines.push(`-X ${chain}`);
  return lines.length === 0 ? '' : `*${table}\n${lines.join('\n')}\nCOMMIT\n`;
}

/** `-A INPUT …` lines as insertions at the top of their chain, in the same order. */
function insertions(rules: readonly string[]): readonly string[] {
  const positions = new Map<string, number>();
  return rules.map((rule) => {
    const [, chain = '', body = ''] = /^-A (\S+) (.*)$/.exec(rule) ?? [];
    const position = (positions.get(chain) ?? 0) + 1;
    positions.set(chain, position);
    return `-I ${chain} ${String(position)} ${body}`;
  });
}
