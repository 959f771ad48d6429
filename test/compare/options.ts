/** What scripts/compare was asked for. */
import { parseArgs } from 'node:util';
import { LOAD_KINDS } from '../../src/compare/measure/loads.ts';
import type { Effort } from '../../src/compare/schema.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { LAB_PATHS } from './labGround.ts';

export const FAULT_IDS = ['killed', 'refusing', 'silent', 'cutOff'] as const;
const PATH_IDS = LAB_PATHS.map(({ id }) => id);

export const HELP = `Usage: scripts/compare [options]      (needs root; the whole of it takes an hour and a half)

Compares all modes on this machine, in network namespaces: two nodes, pods, a client outside.
Prints tables while it runs; writes report.json and report.html.

  --out FOLDER        where to (.)
  --quick             little of everything, in a minute and a half: figures are rough
  --modes LIST        of direct, iptables-nft, iptables-legacy and the names of the other modes;
                      all that this kernel can, unless told; direct is always there
  --services LIST     how many other Services there are (0,1000,10000)
  --rounds N          how often each is measured, all in turn (5)
  --seconds N         how long each load takes (1.5)
  --loads LIST        of ${LOAD_KINDS.join(', ')} (all)
  --paths LIST        of ${PATH_IDS.join(', ')} (all)
  --changes N         how many changes are timed in each round (3)
  --faults LIST       of ${FAULT_IDS.join(', ')} (all), or none
  --fault-rounds N    how often each breaks (2)
  --vm                in Debian's kernel under QEMU, which has ip_vs: only ratios mean something;
                      --quick --modes iptables-nft,ipvs --services 0 takes some ten minutes
  --with-vm           here, then the same in the guest, into one report
`;

export interface CompareOptions {
  readonly out: string;
  readonly modes: readonly string[] | undefined;
  readonly paths: readonly string[];
  readonly faults: readonly string[];
  readonly effort: Effort;
  readonly where: 'here' | 'guest' | 'both';
  /** Print the report to standard output instead, for the host of a guest. */
  readonly isInGuest: boolean;
}

interface Defaults {
  readonly services: string;
  readonly rounds: string;
  readonly seconds: string;
  readonly changes: string;
  readonly 'fault-rounds': string;
  readonly paths: string;
  readonly faults: string;
}

const FULL: Defaults = {
  services: '0,1000,10000',
  rounds: '5',
  seconds: '1.5',
  changes: '3',
  'fault-rounds': '2',
  paths: PATH_IDS.join(','),
  faults: FAULT_IDS.join(','),
};
const QUICK: Defaults = {
  services: '100',
  rounds: '1',
  seconds: '0.2',
  changes: '1',
  'fault-rounds': '1',
  paths: 'pod,outside',
  faults: 'refusing',
};

/** As many as there are addresses for. */
const MOST_SERVICES = 50_000;

/** undefined when help is wanted; throws with what was expected and found. */
export function parseOptions(argv: readonly string[]): CompareOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      out: { type: 'string', default: '.' },
      quick: { type: 'boolean', default: false },
      modes: { type: 'string' },
      services: { type: 'string' },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      loads: { type: 'string', default: LOAD_KINDS.join(',') },
      paths: { type: 'string' },
      changes: { type: 'string' },
      faults: { type: 'string' },
      'fault-rounds': { type: 'string' },
      vm: { type: 'boolean', default: false },
      'with-vm': { type: 'boolean', default: false },
      'in-guest': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const usual = values.quick ? QUICK : FULL;
  const texts = { ...usual, ...values };
  const { faults, paths } = texts;
  return {
    out: values.out,
    modes: values.modes?.split(','),
    paths: listOf('--paths', PATH_IDS, paths),
    faults: faults === 'none' ? [] : listOf('--faults', FAULT_IDS, faults),
    where: values.vm ? 'guest' : values['with-vm'] ? 'both' : 'here',
    isInGuest: values['in-guest'],
    effort: effortOf(texts),
  };
}

function effortOf(texts: Defaults & { readonly loads: string }): Effort {
  return {
    rounds: numberOf('--rounds', texts.rounds, 1, 100),
    seconds: numberOf('--seconds', texts.seconds, 0.05, 60) * SLOWNESS,
    sizes: texts.services.split(',').map((size) => numberOf('--services', size, 0, MOST_SERVICES)),
    kinds: [...listOf('--loads', LOAD_KINDS, texts.loads)],
    changes: numberOf('--changes', texts.changes, 0, 100),
    slowness: SLOWNESS,
    failureRounds: numberOf('--fault-rounds', texts['fault-rounds'], 0, 100),
  };
}

function listOf<T extends string>(flag: string, known: readonly T[], text: string): readonly T[] {
  return text.split(',').map((word) => {
    const found = known.find((each) => each === word);
    if (found !== undefined) return found;
    throw new Error(`${flag}: expected of ${known.join(', ')}, found "${word}"`);
  });
}

function numberOf(flag: string, text: string, least: number, most: number): number {
  const number = text === '' ? NaN : Number(text);
  if (number >= least && number <= most) return number;
  throw new Error(`${flag}: expected from ${String(least)} to ${String(most)}, found "${text}"`);
}
