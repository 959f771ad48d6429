/** What differs between two Configs, for the log. */
import { FIELDS_WITHOUT_FLAG, FLAGS } from './flags.ts';
import { valueAt } from './layers.ts';
import type { Config } from './schema.ts';

/** Paths of the fields that differ, such as `iptables.syncPeriod`, sorted. */
export function explainChange(before: Config, after: Config): readonly string[] {
  const paths = [...FLAGS.flatMap(({ path }) => path ?? []), ...FIELDS_WITHOUT_FLAG.keys()];
  return paths.filter((path) => textAt(before, path) !== textAt(after, path)).sort();
}

/** Equal for equal values: parsing always puts fields in the same order. */
function textAt(config: Config, path: string): string {
  return JSON.stringify([valueAt(config, path)]);
}
