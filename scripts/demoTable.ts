/** The demo's table, printed row by row while the traffic runs. Pure. */
import colors from 'picocolors';
import { resolveTarget } from '../test/lab/scenario/addresses.ts';
import type { AddressNames } from '../test/lab/scenario/addresses.ts';
import { outcomeName, sourceNames } from '../test/lab/scenario/judge.ts';
import type { SentFlow } from '../test/lab/scenario/send.ts';

const TITLES = ['ASKED', 'EXPECTED', 'ANSWERED, HOW OFTEN', 'SEEN AS'] as const;
/** Wide enough for story.yaml, narrow enough for a terminal of a hundred columns. */
const WIDTHS = [34, 17, 28, 7] as const;

/** The line above all rows. */
export function header(): string {
  return colors.bold(line(TITLES));
}

/** One flow: who asked what, who had to answer, who did, and as whom the asker was seen. */
export function row(sent: SentFlow, names: AddressNames): string {
  const { address, port } = resolveTarget(sent.to, names);
  const host = address.includes(':') ? `[${address}]` : address;
  const name = sent.to.slice(0, sent.to.lastIndexOf(':'));
  const asked = `${sent.from} -> ${name} ${host}:${String(port)}`;
  const outcomes = [...sent.outcomes.values()].flat();
  const text = line([asked, expected(sent), tally(sent), sourceNames(outcomes).join(' ')]);
  return `${text} ${sent.problems.length === 0 ? colors.green('ok') : colors.red('FAILED')}`;
}

/** What is wrong with a flow, to stand below its row. */
export function complaint({ problems }: SentFlow): string {
  return problems.map((problem) => colors.red(`      ${problem}`)).join('\n');
}

function line(cells: readonly string[]): string {
  return `  ${cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join(' ')}`;
}

function expected({ flow }: SentFlow): string {
  if (flow.expect === 'reject') return 'refused at once';
  if (flow.expect === 'drop') return 'silence';
  return flow.sticky === true ? 'one and the same' : flow.expect.join(' ');
}

/** `pod1b 12, pod2a 9`, in the order of the names. */
function tally({ outcomes }: SentFlow): string {
  const all = [...outcomes.values()].flat();
  const counts = Map.groupBy(all, outcomeName);
  return [...counts]
    .map(([name, list]) => `${name} ${String(list.length)}`)
    .sort()
    .join(', ');
}
