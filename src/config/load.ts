/** Defaults, environment and flags become a Config, or a list of what is wrong with them. */
import { findConflicts } from './conflicts.ts';
import { FIELDS_WITHOUT_FLAG, FLAGS } from './flags.ts';
import { configSchema } from './schema.ts';
import type { Config } from './schema.ts';

/** What matters of the process's environment. */
export interface Environment {
  /** NODE_NAME, which a DaemonSet sets from spec.nodeName. */
  readonly nodeName: string | undefined;
  /** os.hostname() */
  readonly hostname: string;
}

/** By flag name without hyphens; true where a flag was given without a value. */
export type FlagValues = Readonly<Record<string, string | true | undefined>>;

/** Either a Config, or one line per problem: where, what was expected, what was found. */
export type Loaded =
  | { readonly config: Config; readonly problems?: never }
  | { readonly config?: never; readonly problems: readonly string[] };

/** A value for one field and where it comes from, as the operator knows it. */
interface Setting {
  readonly text: string;
  readonly source: string;
}

/** Settings by path in Config. */
type Layer = ReadonlyMap<string, Setting>;

/** Later layers win: defaults < environment < flags. */
export function loadConfig(flagValues: FlagValues, environment: Environment): Loaded {
  const unknown = unknownFlags(flagValues);
  if (unknown.length > 0) return { problems: unknown };
  const settings: Layer = new Map([
    ...defaults(environment),
    ...fromEnvironment(environment),
    ...fromFlags(flagValues),
  ]);
  const parsed = configSchema.safeParse(nested(settings));
  const issues = parsed.success ? findConflicts(parsed.data) : parsed.error.issues.map(flatIssue);
  const problems = issues.map(({ path, message }) => printProblem(settings, path, message));
  if (parsed.success && problems.length === 0) return { config: parsed.data };
  return { problems };
}

function unknownFlags(flagValues: FlagValues): string[] {
  const known = new Set(FLAGS.map(({ name }) => name));
  return Object.keys(flagValues)
    .filter((name) => !known.has(name))
    .map((name) => `--${name}: expected a flag that exists, see --help`);
}

function defaults({ hostname }: Environment): Layer {
  const layer = new Map<string, Setting>();
  for (const [path, text] of FIELDS_WITHOUT_FLAG) layer.set(path, { text, source: path });
  for (const { name, path, defaultValue } of FLAGS) {
    if (path !== undefined) layer.set(path, { text: defaultValue, source: `--${name}` });
  }
  return layer.set('nodeName', { text: hostname, source: 'host name' });
}

function fromEnvironment({ nodeName = '' }: Environment): Layer {
  if (nodeName === '') return new Map();
  return new Map([['nodeName', { text: nodeName, source: 'environment variable NODE_NAME' }]]);
}

function fromFlags(flagValues: FlagValues): Layer {
  const layer = new Map<string, Setting>();
  for (const { name, path } of FLAGS) {
    const value = flagValues[name];
    if (path !== undefined && value !== undefined)
      layer.set(path, { text: String(value), source: `--${name}` });
  }
  return layer;
}

interface Branch {
  [key: string]: string | Branch;
}

/** `iptables.syncPeriod` becomes `{iptables: {syncPeriod}}`. */
function nested(settings: Layer): Branch {
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

function flatIssue(issue: { readonly path: readonly PropertyKey[]; readonly message: string }) {
  return { path: issue.path.map(String).join('.'), message: issue.message };
}

function printProblem(settings: Layer, path: string, message: string): string {
  const { text, source } = settings.get(path) ?? { text: '', source: path };
  return `${source}: ${message}, found ${JSON.stringify(text)}`;
}
