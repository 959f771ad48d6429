/** What is being done and how long the rest may take, for somebody who waits. */
import type { Effort } from './options.ts';
import { sum } from './statistics.ts';

export interface Progress {
  /** A step begins. */
  begin(name: string): void;
}

export interface Step {
  readonly name: string;
  /** A guess; it is scaled by how long the steps before took. */
  readonly seconds: number;
}

/** The steps of one size, with guesses from a machine of two cores. */
export function stepsFor(services: number, effort: Effort): readonly Step[] {
  const start = { name: 'start', seconds: 6 + services / 1500 };
  return [
    ...Array.from({ length: effort.starts }, () => start),
    { name: 'changes', seconds: effort.changes * (1.5 + services / 60_000) },
    { name: 'churn', seconds: effort.churnSeconds * (1.5 + services / 20_000) },
    { name: 'connections', seconds: 4 + 2 * effort.rounds * effort.roundSeconds },
  ];
}

/** Seconds that are left when `done` steps took `elapsed`. */
export function secondsLeft(steps: readonly Step[], done: number, elapsed: number): number {
  const guessed = steps.map((step) => step.seconds);
  const past = sum(guessed.slice(0, done));
  const scale = past === 0 ? 1 : elapsed / past;
  return sum(guessed.slice(done)) * scale;
}

/** Prints a line when a step begins; steps begin in their order. */
export function startProgress(
  steps: readonly Step[],
  now: () => number,
  print: (line: string) => void,
): Progress {
  const started = now();
  let done = 0;
  return {
    begin(name) {
      const left = secondsLeft(steps, done, (now() - started) / 1000);
      const count = `${String(done + 1)}/${String(steps.length)}`;
      print(`${count.padStart(6)}  ${name.padEnd(40)} about ${duration(left)} left\n`);
      done += 1;
    },
  };
}

function duration(seconds: number): string {
  return seconds < 90 ? `${seconds.toFixed(0)} s` : `${(seconds / 60).toFixed(0)} min`;
}
