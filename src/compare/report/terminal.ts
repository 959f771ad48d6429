/** A comparison as tables for a terminal, in Markdown. */
import type { Comparison } from '../schema.ts';
import { printTable } from './table.ts';
import { checksTable, faultTable, figuresTable, speedTable } from './tables.ts';
import type { Table } from './tables.ts';

/** All that there is so far of this size: one table for each path, and one for the agents. */
export function printSize(comparison: Comparison, size: number): string {
  const paths = comparison.paths.map((path) => speedTable(comparison, { size, path }));
  return printAll([...paths, figuresTable(comparison, size)]);
}

/** Evenness, affinity and the client's address. */
export function printChecks(comparison: Comparison): string {
  return printAll([checksTable(comparison)]);
}

/** What each fault cost; one table for each. */
export function printFailures(comparison: Comparison): string {
  return printAll(comparison.faults.map((fault) => faultTable(comparison, fault)));
}

function printAll(tables: readonly Table[]): string {
  return tables
    .filter(({ rows }) => rows.length > 0)
    .map(({ head, rows }) => printTable(head, rows))
    .join('\n');
}
