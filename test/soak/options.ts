/** What scripts/soak was asked for. */
import { parseArgs } from 'node:util';

export const HELP = `Usage: scripts/soak [options]     (needs root)

  --minutes 30    how long the load lasts
  --json FILE     write every sample there too

Ends with 1 when a request failed, or when memory or descriptors grew.
`;

export interface SoakOptions {
  readonly minutes: number;
  readonly json: string | undefined;
}

const MOST_MINUTES = 24 * 60;

/** The options, or undefined when help is wanted; throws with what was expected and found. */
export function parseOptions(argv: readonly string[]): SoakOptions | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      minutes: { type: 'string', default: '30' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const minutes = /^\d+$/.test(values.minutes) ? Number(values.minutes) : 0;
  if (minutes >= 1 && minutes <= MOST_MINUTES) return { minutes, json: values.json };
  throw new Error(
    `--minutes: expected a number from 1 to ${String(MOST_MINUTES)}, found "${values.minutes}"`,
  );
}
