/** Settings before they are a Config: a text for each field, and where it comes from. */

/** A value for one field and where it comes from, as the operator knows it. */
export interface Setting {
  /** As a flag would have it. */
  readonly text: string;
  /** `--iptables-sync-period`, or `config.conf:12: iptables.syncPeriod`. */
  readonly source: string;
  readonly origin: 'default' | 'file' | 'environment' | 'flag';
}

/** Settings by path in Config; of two layers the later one wins, field by field. */
export type Layer = ReadonlyMap<string, Setting>;

interface Branch {
  [key: string]: string | Branch;
}

/** `iptables.syncPeriod` becomes `{iptables: {syncPeriod}}`. */
export function nested(settings: Layer): Branch {
  const root: Branch = {};
  for (const [path, { text }] of settings) {
    const keys = path.split('.');
    const leaf = keys.pop() ?? '';
    let branch = root;
    for (const key of keys) branch = branch[key] = branchOf(branch[key]);
    branch[leaf] = text;
  }
  return root;
}

function branchOf(value: string | Branch | undefined): Branch {
  return typeof value === 'object' ? value : {};
}

/** What stands at a path such as `iptables.syncPeriod`; undefined where the path leads nowhere. */
export function valueAt(root: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null && Object.hasOwn(value, key)
          ? (value as Readonly<Record<string, unknown>>)[key]
          : undefined,
      root,
    );
}

/** Something that the operator should read once in the log. */
export interface Note {
  readonly level: 'info' | 'warn';
  /** Constant, as all messages of the log. */
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}
