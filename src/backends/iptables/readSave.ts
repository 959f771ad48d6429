/** `iptables-save` and `ipset list` output → what of it is ours. The inverse of restore.ts. */
import type { Family } from '../../net/family.ts';
import { FAMILIES } from '../../net/family.ts';
import { sortedMap } from '../../sorted/sortedMap.ts';
import type { Installed, NodeReader, ObjectKey } from '../backend.ts';
import {
  chainKey,
  heldKey,
  isOurChain,
  isOurSet,
  jumpsKey,
  setKey,
  sysctlKey,
  TABLES,
} from './names.ts';
import type { Table } from './names.ts';
import type { IptablesPrograms } from './restore.ts';
import { SWITCHED_SYSCTLS } from './switches.ts';

type Found = [ObjectKey, string];

/** Everything of ours on the node, in both families. */
export async function readInstalled(
  node: NodeReader,
  programs: IptablesPrograms,
): Promise<Installed> {
  const found: Found[] = [];
  for (const family of FAMILIES) {
    found.push(...parseSave(await node.list(programs.names[family].save, []), family));
  }
  found.push(...parseSets(await node.list('ipset', ['list', '-terse'])));
  for (const sysctl of SWITCHED_SYSCTLS) {
    const value = await node.sysctl(sysctl);
    if (value !== undefined) found.push([sysctlKey(sysctl), value]);
  }
  return sortedMap(found);
}

/** Lines of one chain or one built-in chain's jumps. */
type Texts = Map<ObjectKey, string[]>;

/** What of an `iptables-save` is ours. */
export function parseSave(save: string, family: Family): readonly Found[] {
  const texts: Texts = new Map();
  let table: Table | undefined;
  for (const line of save.split('\n')) {
    if (line.startsWith('*')) table = TABLES.find((each) => each === line.slice(1));
    else if (table !== undefined) parseLine(line, { family, table, texts });
  }
  return [...texts].map(([key, lines]) => [key, lines.join('\n')]);
}

interface Context {
  readonly family: Family;
  readonly table: Table;
  readonly texts: Texts;
}

function parseLine(line: string, context: Context): void {
  const { family, table, texts } = context;
  const [, chain] = /^(?::|-A )(\S+) /.exec(line) ?? [];
  if (chain === undefined) return;
  const target = / -[jg] (\S+)/.exec(line)?.[1];
  if (isOurChain(chain)) append(texts, chainKey(family, table, chain), line);
  else if (target === undefined || !isOurChain(target)) return;
  else if (isBuiltIn(chain)) append(texts, jumpsKey(family, table, chain), line);
  else texts.set(heldKey(family, table, target), []);
}

/** Built-in chains have upper-case names without a dash; others' chains that do are rare. */
function isBuiltIn(chain: string): boolean {
  return ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'].includes(chain);
}

function append(texts: Texts, key: ObjectKey, line: string): void {
  const lines = texts.get(key) ?? [];
  if (line.startsWith('-A')) lines.push(line);
  texts.set(key, lines);
}

/** `ipset list -terse`: blocks of `Name:`, `Type:`, `Header:` lines. */
export function parseSets(list: string): readonly Found[] {
  const found: Found[] = [];
  for (const block of list.split('\n\n')) {
    const name = /^Name: (\S+)$/m.exec(block)?.[1];
    const type = /^Type: (\S+)$/m.exec(block)?.[1];
    const inet = /^Header: .*?\bfamily (inet6?)\b/m.exec(block)?.[1];
    if (name === undefined || !isOurSet(name)) continue;
    found.push([setKey(inet === 'inet6' ? 6 : 4, name), `${type ?? ''} family ${inet ?? ''}`]);
  }
  return found;
}
