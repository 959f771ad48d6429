/** From what is installed to what shall be: input for ipset, the relay, iptables-restore and ip. */
import type { Plan } from '../../plan/operation.ts';
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
  const tableIn = [...table.others, ...table.destinations];
  const tableOut = [...table.destinationsOut, ...table.othersOut];
  return {
    operations: [
      ...operationsIn(node),
      ...lineOperation('Services and whom their clients get, for the relay', [RELAY], tableIn),
      ...planIptables(installed, target, programs).operations,
      ...routeOperations(node),
      ...operationsOut(node),
      ...lineOperation('What the relay may forget', [RELAY], tableOut),
    ],
  };
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
