/** A Config as the flags that would make it; the inverse of loadConfig. */
import { printDuration } from '../config/duration.ts';
import { FLAGS } from '../config/flags.ts';
import type { Flag } from '../config/flags.ts';
import { valueAt } from '../config/layers.ts';
import type { Config } from '../config/schema.ts';

/** The value of each flag that sets a field, by its name without hyphens. */
export function flagValues(config: Config): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const flag of FLAGS) {
    if (flag.path !== undefined)
      values.set(flag.name, printValue(flag, valueAt(config, flag.path)));
  }
  return values;
}

function printValue(flag: Flag, value: unknown): string {
  if (Array.isArray(value)) return value.map((each) => printValue(flag, each)).join(',');
  if (typeof value === 'number') {
    return flag.value.startsWith('duration') ? printDuration(value) : String(value);
  }
  if (typeof value === 'string') return value === 'off' && flag.value === 'address' ? '' : value;
  if (typeof value === 'boolean') return String(value);
  return typeof value === 'object' ? printFields(new Map(Object.entries(value ?? {}))) : '';
}

/** Of the few values that have fields. */
function printFields(fields: ReadonlyMap<string, unknown>): string {
  const text = (name: string): string => String(fields.get(name));
  if (fields.has('host')) {
    const host = text('host');
    return `${host.includes(':') ? `[${host}]` : host}:${text('port')}`;
  }
  if (fields.has('first')) return `${text('first')}-${text('last')}`;
  if (fields.has('filePattern')) return `${text('filePattern')}=${text('verbosity')}`;
  const kind = fields.get('kind');
  if (kind === 'all') return '';
  if (kind === 'primary') return 'primary';
  if (kind === 'cidrs') return text('cidrs');
  return [...fields].map(([name, value]) => `${name}=${String(value)}`).join(',');
}
