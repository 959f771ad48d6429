/** A Kernel that fails now and then, before or after it did what was asked. */
import { diagnose } from '../../src/kernel/diagnose.ts';
import type { Kernel } from '../../src/kernel/kernel.ts';

export interface Faults {
  /** Of one call to fail, from 0 to 1. */
  readonly probability: number;
  /** Equal seeds fail at equal calls. */
  readonly seed: number;
}

export interface FaultyKernel extends Kernel {
  /** From now on nothing fails. */
  heal(): void;
}

/** `kernel` with faults. */
export function faultyKernel(kernel: Kernel, { probability, seed }: Faults): FaultyKernel {
  const random = seededRandom(seed);
  let isHealed = false;

  async function unreliable<T>(program: string, work: () => Promise<T>): Promise<T> {
    const isFailing = random() < probability && !isHealed;
    const isDoneFirst = random() < 0.5;
    if (!isFailing) return work();
    // A program that is killed or times out may have reached the kernel all the same.
    if (isDoneFirst) await work();
    throw diagnose({
      program,
      stdin: undefined,
      exitCode: undefined,
      systemCode: undefined,
      killedBy: 'SIGTERM',
      stderr: '',
      endedBecause: 'timed-out',
    });
  }

  return {
    heal: () => {
      isHealed = true;
    },
    apply: (operation, signal) => {
      const program = operation.kind === 'run' ? operation.program : 'sysctl';
      return unreliable(program, () => kernel.apply(operation, signal));
    },
    list: (program, args) => unreliable(program, () => kernel.list(program, args)),
    sysctl: (name) => unreliable('sysctl', () => kernel.sysctl(name)),
  };
}

/** A linear congruential generator (the constants of Numerical Recipes): numbers from 0 to 1. */
function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
