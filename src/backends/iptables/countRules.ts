/** How many rules a rendering has, for metrics. */
import type { Family } from '../../net/family.ts';
import type { Rules } from '../backend.ts';
import { parseKey } from './names.ts';

export interface RuleCount {
  readonly family: Family;
  readonly table: 'nat' | 'filter';
  readonly rules: number;
}

/** Walks all rules: for a scrape, not for a sync. */
export function countRules(rules: Rules, families: readonly Family[]): readonly RuleCount[] {
  const counts = families.flatMap((family) =>
    (['nat', 'filter'] as const).map((table) => ({ family, table, rules: 0 })),
  );
  for (const [key, text] of rules.entries()) {
    const { family, table } = parseKey(key);
    const count = counts.find((each) => each.family === family && each.table === table);
    if (count !== undefined && text !== '') count.rules += text.split('\n').length;
  }
  return counts;
}
