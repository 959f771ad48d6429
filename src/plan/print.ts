/** A Plan as a POSIX shell script that does the same by hand. */
import type { Operation, Plan } from './operation.ts';
import { RELAY } from './relayTable.ts';

/**
 * The script; running it as root leaves the kernel as the agent would. Text from the API only
 * ever stands inside a quoted here-document or in single quotes, where a shell expands nothing.
 */
export function printPlan(plan: Plan): string {
  const parts = plan.operations.map(printOperation);
  return ['#!/bin/sh', 'set -eu', ...parts].join('\n') + '\n';
}

function printOperation(operation: Operation): string {
  return `\n# ${operation.purpose}\n${commandOf(operation)}`;
}

function commandOf(operation: Operation): string {
  switch (operation.kind) {
    case 'sysctl':
      return `sysctl -q -w ${quote(`${operation.name}=${operation.value}`)}`;
    case 'run': {
      if (operation.program === RELAY) return tableText(operation.stdin ?? '');
      const command = [operation.program, ...operation.args].map(quote).join(' ');
      return operation.stdin === undefined
        ? command
        : `${command} ${hereDocument(operation.stdin)}`;
    }
  }
}

/** No program: the agent keeps it in memory, so the script only shows it. */
function tableText(lines: string): string {
  return `# (held by the running agent, there is nothing to run)\n: ${hereDocument(lines)}`;
}

/** Plain words stay as they are; everything else goes into single quotes. */
function quote(word: string): string {
  return /^[\w./=:-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function hereDocument(text: string): string {
  const lines = text.split('\n');
  let mark = 'EOF';
  while (lines.includes(mark)) mark += '_';
  return `<<'${mark}'\n${text.endsWith('\n') ? text : `${text}\n`}${mark}`;
}
