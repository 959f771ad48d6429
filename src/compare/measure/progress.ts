/** What is being done and how long the rest may take, for somebody who waits. */
import type { Effort } from '../schema.ts';
import { sum } from '../report/statistics.ts';
import type { Ground } from './ground.ts';

/** What a comparison's steps take by guess, in seconds, in the order in which they begin. */
export function guessedSteps(
  { subjects, paths, faults }: Pick<Ground, 'subjects' | 'paths' | 'faults'>,
  effort: Effort,
): readonly number[] {
  const perPath = effort.kinds.length * (effort.seconds + 0.1) + 0.6;
  const sizes = effort.sizes.flatMap((size) => {
    const rounds = subjects.flatMap(({ isBaseline }) => {
      const loads = paths.map(() => perPath);
      if (isBaseline) return [1, ...loads];
      return [3 + size / 1000, ...loads, 1 + effort.changes * 1.6];
    });
    return [1 + size / 2000, ...Array.from({ length: effort.rounds }, () => rounds).flat()];
  });
  const breaking = subjects
    .filter(({ isBaseline }) => !isBaseline)
    .flatMap(() => [
      3,
      ...faults.map(({ noticedAfterMs }) => 6 * effort.slowness + noticedAfterMs / 1000),
    ]);
  const warmUp = 1 + paths.length * perPath;
  return [warmUp, ...sizes, ...Array.from({ length: effort.failureRounds }, () => breaking).flat()];
}

export interface ProgressOptions {
  readonly steps: readonly number[];
  /** Milliseconds. */
  readonly now: () => number;
  readonly print: (line: string) => void;
}

/** Prints a line when a step begins: how much is done, what it is, and what time is left. */
export function startProgress({ steps, now, print }: ProgressOptions): {
  begin(name: string): void;
} {
  const began = now();
  let done = 0;
  return {
    begin(name) {
      const past = sum(steps.slice(0, done));
      const rest = sum(steps.slice(done));
      const scale = past === 0 ? 1 : (now() - began) / 1000 / past;
      const percent = String(Math.round((past / (past + rest)) * 100)).padStart(3);
      print(`${percent} %  ${name}, ${duration(rest * scale)} left`);
      done += 1;
    },
  };
}

function duration(seconds: number): string {
  return seconds < 90 ? `about ${seconds.toFixed(0)} s` : `about ${(seconds / 60).toFixed(0)} min`;
}
