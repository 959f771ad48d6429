/** Which rules of a node carried a request: those whose counters went up meanwhile. */
import { runInside } from '../lab/program.ts';

/** What a counter counts, in the words of its lister, with its value. */
type Counters = ReadonlyMap<string, number>;

/** Where packets end up; jumps from chain to chain lead there. */
const DECIDES = /-j (?:DNAT|MASQUERADE|REDIRECT|TPROXY|REJECT|DROP)\b/;

/** What went up while `run` ran, in the order of the lists. */
export async function carriedBy(
  namespace: string,
  run: () => Promise<void>,
): Promise<readonly string[]> {
  const before = await readCounters(namespace);
  await run();
  const after = await readCounters(namespace);
  return [...after]
    .filter(([what, count]) => count > (before.get(what) ?? 0))
    .map(([what]) => what);
}

async function readCounters(namespace: string): Promise<Counters> {
  const saved = ['iptables-nft-save', 'iptables-legacy-save'].map((program) => [program, '-c']);
  const listed = await Promise.all(
    [...saved, ['ipvsadm', '-Ln', '--stats']].map((command) =>
      // A program that is missing or finds no support in the kernel has carried nothing.
      runInside(namespace, command).catch(() => ''),
    ),
  );
  const lines = listed.map((text) => text.split('\n'));
  const rules = lines.slice(0, -1).flat().flatMap(countedRule);
  return new Map([...rules, ...countedServers(lines.at(-1) ?? [])]);
}

function countedRule(line: string): readonly (readonly [string, number])[] {
  const [, packets, rule = ''] = /^\[(\d+):\d+\] -A (.*)$/.exec(line) ?? [];
  return packets !== undefined && DECIDES.test(rule) ? [[rule, Number(packets)]] : [];
}

/** `ipvsadm -Ln --stats`: a line for each virtual server, below it those of its real ones. */
function countedServers(lines: readonly string[]): readonly (readonly [string, number])[] {
  let virtual = '';
  return lines.flatMap((line) => {
    const [, kind = '', address = '', connections] =
      /^(TCP|UDP| {2}->) +(\S+:\d+) +(\d+)/.exec(line) ?? [];
    if (kind === '  ->') return [[`ipvs: ${virtual} -> ${address}`, Number(connections)] as const];
    if (kind !== '') virtual = `${kind} ${address}`;
    return [];
  });
}
