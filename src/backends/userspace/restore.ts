/** From what is installed to what shall be: input for ipset, the relay, iptables-restore and ip. */
import type { Operation, Plan } from '../../plan/operation.ts';
import { printRemoval, RELAY } from '../../plan/relayTable.ts';
import type { Installed } from '../backend.ts';
import { planIptables } from '../iptables/restore.ts';
import type { IptablesPrograms } from '../iptables/restore.ts';
import {
  lineOperation,
  noLines,
  operationsIn,
  operationsOut,
  routeOperations,
  visitChanges,
  writeNodeObject,
} from '../sets/restore.ts';
import type { NodeLines } from '../sets/restore.ts';
import { isEntryKey } from './names.ts';

/** Lines for the relay: what destinations name or need comes first, and goes last. */
interface TableLines {
  readonly others: string[];
  readonly destinations: string[];
  readonly destinationsOut: string[];
  readonly othersOut: string[];
}

/**
 * The ordered operations that turn `installed` into `target`. Sets first, since rules ask them; then
 * what the relay must know before a rule hands it a packet; the address last, so that nobody reaches
 * one before all of it is there. What goes, goes the other way round.
 */
export function planUserspace(
  installed: Installed,
  target: Installed,
  programs: IptablesPrograms,
): Plan {
  const node = noLines();
  const table: TableLines = {
    others: [],
    destinations: [],
    destinationsOut: [],
    othersOut: [],
  };
  collect(installed, target, { node, table });
  return {
    operations: [
      ...operationsIn(node),
      ...tableIn(table),
      ...planIptables(installed, target, programs).operations,
      ...routeOperations(node),
      ...operationsOut(node),
      ...tableOut(table),
    ],
  };
}

function tableIn({ others, destinations }: TableLines): readonly Operation[] {
  const lines = [...others, ...destinations];
  return lineOperation('Services and whom their clients get, for the relay', [RELAY], lines);
}

function tableOut({ destinationsOut, othersOut }: TableLines): readonly Operation[] {
  return lineOperation('What the relay may forget', [RELAY], [...destinationsOut, ...othersOut]);
}

/** Only what concerns the relay's table: what comes before a rule leads to it, and what goes after. */
export function planTable(
  installed: Installed,
  target: Installed,
): { readonly before: readonly Operation[]; readonly after: readonly Operation[] } {
  const table: TableLines = { others: [], destinations: [], destinationsOut: [], othersOut: [] };
  visitChanges(installed, target, (key, before, after) => {
    if (isEntryKey(key)) writeEntry(table, before, after);
  });
  return { before: tableIn(table), after: tableOut(table) };
}

function collect(
  installed: Installed,
  target: Installed,
  { node, table }: { readonly node: NodeLines; readonly table: TableLines },
): void {
  visitChanges(installed, target, (key, before, after) => {
    if (isEntryKey(key)) writeEntry(table, before, after);
    else writeNodeObject(node, { key, before, after }, target);
  });
}

function writeEntry(
  table: TableLines,
  before: string | undefined,
  after: string | undefined,
): void {
  const isDestination = (after ?? before ?? '').startsWith('destination ');
  if (after !== undefined) (isDestination ? table.destinations : table.others).push(after);
  else if (before !== undefined) {
    (isDestination ? table.destinationsOut : table.othersOut).push(printRemoval(before));
  }
}
