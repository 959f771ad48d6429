/** A Kernel in memory: it does what iptables, ipset and sysctl do, and refuses what they refuse. */
import { diagnose } from '../../src/kernel/diagnose.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Family } from '../../src/net/family.ts';
import type { Operation, RunOperation } from '../../src/plan/operation.ts';
import { fakeIpset } from './fakeIpset.ts';
import type { FakeIpset } from './fakeIpset.ts';
import { fakeIptables, Refusal } from './fakeIptables.ts';
import type { FakeIptables } from './fakeIptables.ts';

export interface FakeKernel extends Kernel {
  /** What was asked for, refused or not, in order. */
  readonly asked: readonly Operation[];
  /** The whole state as text, equal for equal states. */
  dump(): string;
}

/** An empty node with these sysctls. */
export function fakeKernel(initial: Readonly<Record<string, string>> = {}): FakeKernel {
  const asked: Operation[] = [];
  const sysctls = new Map(Object.entries(initial));
  const ipset: FakeIpset = fakeIpset((set) => tables[4].usesSet(set) || tables[6].usesSet(set));
  const tables: Readonly<Record<Family, FakeIptables>> = {
    4: fakeIptables((set) => ipset.has(set)),
    6: fakeIptables((set) => ipset.has(set)),
  };

  function change(operation: Operation): void {
    asked.push(operation);
    if (operation.kind === 'run') run(operation);
    else if (sysctls.has(operation.name)) sysctls.set(operation.name, operation.value);
    else throw refused('sysctl', undefined, `no sysctl ${operation.name}`);
  }

  function run({ program, args, stdin = '' }: RunOperation): void {
    try {
      restorerFor(program, args).restore(stdin);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw refused(program, stdin, `line ${String(error.line)} failed: ${error.message}`);
    }
  }

  function restorerFor(program: string, args: readonly string[]): FakeIptables | FakeIpset {
    const family = familyOfProgram(program, 'restore');
    if (family !== undefined && args.includes('--noflush')) return tables[family];
    if (program === 'ipset' && args.join(' ') === 'restore -exist') return ipset;
    throw missing(program, args);
  }

  function show(program: string, args: readonly string[]): string {
    const family = familyOfProgram(program, 'save');
    const [first, second] = args;
    if (family !== undefined) return tables[family].save(first === '-t' ? second : undefined);
    const listed =
      program === 'ipset' ? listSets(ipset, `${first ?? ''} ${second ?? ''}`) : undefined;
    if (listed !== undefined) return listed;
    throw missing(program, args);
  }

  function dump(): string {
    const values = [...sysctls].sort().map(([name, value]) => `${name} = ${value}\n`);
    return [tables[4].save(), tables[6].save(), ipset.save(), ...values].join('');
  }

  return {
    asked,
    dump,
    // `async` functions, so that a refusal is a rejection and never thrown at the caller.
    // eslint-disable-next-line @typescript-eslint/require-await
    apply: async (operation) => {
      change(operation);
    },
    // eslint-disable-next-line @typescript-eslint/require-await
    list: async (program, args) => show(program, args),
    sysctl: (name) => Promise.resolve(sysctls.get(name)),
  };
}

function listSets(ipset: FakeIpset, command: string): string | undefined {
  switch (command.trimEnd()) {
    case 'save':
      return ipset.save();
    case 'list -terse':
      return ipset.listTerse();
    case 'list -name':
      return Array.from(ipset.save().matchAll(/^create (\S+)/gm), ([, name]) => name).join('\n');
    default:
      return undefined;
  }
}

/** 6 for `ip6tables-nft-save`; undefined where it is no iptables program of this kind. */
function familyOfProgram(program: string, kind: 'restore' | 'save'): Family | undefined {
  const match = /^ip(6?)tables(?:-nft|-legacy)?-(restore|save)$/.exec(program);
  if (match?.[2] !== kind) return undefined;
  return match[1] === '6' ? 6 : 4;
}

function refused(program: string, stdin: string | undefined, stderr: string): Error {
  return diagnose({ ...ENDED, program, stdin, exitCode: 1, stderr });
}

/** The fake knows no such program, or not with these arguments: a test needs a better fake. */
function missing(program: string, args: readonly string[]): Error {
  const stderr = `no fake for ${[program, ...args].join(' ')}`;
  return diagnose({
    ...ENDED,
    program,
    stdin: undefined,
    exitCode: undefined,
    systemCode: 'ENOENT',
    stderr,
  });
}

const ENDED = { systemCode: undefined, killedBy: undefined, endedBecause: undefined };
