/** Whether something grew, from samples taken while the load was the same all the time. */
import { median } from '../bench/statistics.ts';

export interface Sample {
  /** Since the load began. */
  readonly seconds: number;
  /** Resident memory of the agent, in millions of bytes. */
  readonly megabytes: number;
  /** Open descriptors of the agent. */
  readonly files: number;
}

export interface Verdict {
  readonly what: string;
  readonly early: number;
  readonly late: number;
  readonly hasGrown: boolean;
}

/** The start is left out: buffers and pipes are made then, and code is compiled. */
const EARLY = [0.2, 0.4] as const;
const LATE = [0.8, 1] as const;
const MOST_GROWTH = 1.1;
const SLACK = { megabytes: 10, files: 50 } as const;

/** One for memory and one for descriptors. */
export function judge(samples: readonly Sample[]): readonly Verdict[] {
  const between = ([from, to]: readonly [number, number]): readonly Sample[] =>
    samples.slice(Math.floor(from * samples.length), Math.ceil(to * samples.length));
  return (['megabytes', 'files'] as const).map((what) => {
    const early = median(between(EARLY).map((sample) => sample[what]));
    const late = median(between(LATE).map((sample) => sample[what]));
    return { what, early, late, hasGrown: late > early * MOST_GROWTH + SLACK[what] };
  });
}
