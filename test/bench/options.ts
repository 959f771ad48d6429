/** What scripts/bench was asked for. */
import { parseArgs } from 'node:util';
import { existsSync } from 'node:fs';
import { SLOWNESS } from '../lab/slowness.ts';

export const HELP = `Usage: scripts/bench [options]     (needs root; the whole of it takes about half an hour)

  --services 1000,10000,30000   how many Services of three endpoints
  --variants nft,legacy,ipvs,userspace
                                iptables mode with which programs, ipvs mode, for which the kernel
                                must have ip_vs (the default where it has), userspace mode
  --relay [ROUNDS [SECONDS]]    instead of all this: the relay of userspace mode beside HAProxy and
                                a direct connection
  --decide [SERVICES,...]       instead of all this: deciding about one change in each mode, beside
                                the least that its tool takes; any kernel will do
  --vm                          in Debian's kernel under QEMU, which has it: compare ratios only
  --json FILE                   write every sample there too
  --quick                       fewer samples: figures are rough
  --check                       exit with 1 when a target is missed
`;

/** What is measured: iptables mode with one kind of programs, or another mode. */
export type BenchVariant = 'nft' | 'legacy' | 'ipvs' | 'userspace';

export interface BenchOptions {
  readonly services: readonly number[];
  readonly variants: readonly BenchVariant[];
  readonly inVm: boolean;
  readonly json: string | undefined;
  readonly check: boolean;
  readonly effort: Effort;
}

/** How many samples are taken. */
export interface Effort {
  readonly starts: number;
  readonly changes: number;
  readonly churnSeconds: number;
  /** Of connections, each through the Service and directly. */
  readonly rounds: number;
  readonly roundSeconds: number;
}

const FULL: Effort = { starts: 3, changes: 20, churnSeconds: 20, rounds: 5, roundSeconds: 3 };
const QUICK: Effort = { starts: 1, changes: 5, churnSeconds: 5, rounds: 2, roundSeconds: 1 };

const VARIANTS: readonly BenchVariant[] = ['nft', 'legacy', 'ipvs', 'userspace'];

/** Emulated machines would take hours for all of it. */
function usualVariants(inVm: boolean): string {
  if (inVm || SLOWNESS > 1) return 'ipvs';
  return existsSync('/sys/module/ip_vs') ? VARIANTS.join(',') : 'nft,legacy,userspace';
}

/** As many as the bench's pod addresses suffice for. */
const MOST_SERVICES = 200_000;
const FEWEST_SERVICES = 100;

/** The options, or undefined when help is wanted; throws with what was expected and found. */
export function parseOptions(argv: readonly string[]): BenchOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      services: { type: 'string', default: '1000,10000,30000' },
      variants: { type: 'string' },
      vm: { type: 'boolean', default: false },
      json: { type: 'string' },
      quick: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  return {
    services: values.services.split(',').map(parseServices),
    variants: (values.variants ?? usualVariants(values.vm)).split(',').map(parseVariant),
    inVm: values.vm,
    json: values.json,
    check: values.check,
    effort: values.quick ? QUICK : FULL,
  };
}

function parseServices(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count >= FEWEST_SERVICES && count <= MOST_SERVICES) return count;
  const range = `${String(FEWEST_SERVICES)} to ${String(MOST_SERVICES)}`;
  throw new Error(
    `--services: expected numbers from ${range} with commas between, found "${text}"`,
  );
}

function parseVariant(text: string): BenchVariant {
  const variant = VARIANTS.find((each) => each === text);
  if (variant !== undefined) return variant;
  throw new Error(`--variants: expected ${VARIANTS.join(' or ')}, found "${text}"`);
}
