/** Defaults, files, environment and flags become a Config, or a list of what is wrong with them. */
import { findConflicts } from './conflicts.ts';
import type { SourceFile } from './document.ts';
import { readFairwayFile } from './fairwayFile.ts';
import { KUBE_PROXY_FIELDS } from './fileFields.ts';
import { flagLayer } from './flagLayer.ts';
import type { FlagValues } from './flagLayer.ts';
import { FIELDS_WITHOUT_FLAG, FLAGS } from './flags.ts';
import { readKubeProxyFile } from './kubeProxyFile.ts';
import { nested, valueAt } from './layers.ts';
import type { Layer, Note, Setting } from './layers.ts';
import { configSchema } from './schema.ts';
import type { Config } from './schema.ts';
import { WITHOUT_EFFECT } from './withoutEffect.ts';

export type { FlagValues } from './flagLayer.ts';

/** What matters of the process's environment. */
export interface Environment {
  /** NODE_NAME, which a DaemonSet sets from spec.nodeName. */
  readonly nodeName: string | undefined;
  /** os.hostname() */
  readonly hostname: string;
}

/** The configuration files that the flags name, as far as they do. */
export interface ConfigFiles {
  /** --config */
  readonly kubeProxy?: SourceFile | undefined;
  /** --fairway-config */
  readonly fairway?: SourceFile | undefined;
}

/**
 * Either a Config and what the operator should read in the log, or one line per problem: where,
 * what was expected, what was found.
 */
export type Loaded =
  | { readonly config: Config; readonly notes: readonly Note[]; readonly problems?: never }
  | { readonly config?: never; readonly notes: readonly Note[]; readonly problems: Problems };

type Problems = readonly string[];

/**
 * Later layers win: defaults < environment < kube-proxy's file < our file < flags that still count.
 * To be called again with the same flags and new texts when a file changed.
 */
export function loadConfig(
  flagValues: FlagValues,
  environment: Environment,
  configFiles: ConfigFiles = {},
): Loaded {
  const { files, flags, notes, problems } = readLayers(flagValues, configFiles);
  if (problems.length > 0) return { notes, problems };
  const { kubeProxy } = configFiles;
  const base = new Map([...defaults(environment), ...fileDefaults(kubeProxy, files)]);
  const settings = new Map([...base, ...files, ...flags]);
  preferManifests(settings);
  spreadPeriods(settings);
  const judged = judge(settings);
  const said = [...notes, ...judged.notes];
  if (judged.config === undefined) return { notes: said, problems: judged.problems };
  return { config: judged.config, notes: [...said, ...idleFields(judged.config, files, base)] };
}

interface Layers {
  readonly files: Layer;
  readonly flags: Layer;
  readonly notes: readonly Note[];
  /** What cannot even be read. */
  readonly problems: Problems;
}

const NO_FILE = { settings: new Map<string, Setting>(), notes: [], problems: [] };

function readLayers(flagValues: FlagValues, { kubeProxy, fairway }: ConfigFiles): Layers {
  const shared = kubeProxy === undefined ? NO_FILE : readKubeProxyFile(kubeProxy);
  const own = fairway === undefined ? NO_FILE : readFairwayFile(fairway);
  const flags = flagLayer(flagValues, kubeProxy !== undefined);
  const unknown = unknownFlags(flagValues);
  return {
    files: new Map([...shared.settings, ...own.settings]),
    flags: flags.settings,
    notes: [...shared.notes, ...flags.notes],
    problems: [...unknown, ...shared.problems, ...own.problems, ...flags.problems],
  };
}

function unknownFlags(flagValues: FlagValues): string[] {
  const known = new Set(FLAGS.map(({ name }) => name));
  return Object.keys(flagValues)
    .filter((name) => !known.has(name))
    .map((name) => `--${name}: expected a flag that exists, see --help`);
}

function defaults({ hostname, nodeName = '' }: Environment): Map<string, Setting> {
  const layer = new Map<string, Setting>();
  const origin = 'default';
  for (const [path, text] of FIELDS_WITHOUT_FLAG) layer.set(path, { text, source: path, origin });
  for (const { name, path, defaultValue } of FLAGS) {
    if (path !== undefined) layer.set(path, { text: defaultValue, source: `--${name}`, origin });
  }
  const fromHost = { text: hostname, source: 'host name', origin } as const;
  const fromDaemonSet = {
    text: nodeName,
    source: 'environment variable NODE_NAME',
    origin: 'environment',
  } as const;
  return layer.set('nodeName', nodeName === '' ? fromHost : fromDaemonSet);
}

/** What a field is when kube-proxy's file leaves it out: not always as without a file. */
function fileDefaults(file: SourceFile | undefined, files: Layer): Layer {
  const layer = new Map<string, Setting>();
  if (file === undefined) return layer;
  const isIpv6 = files.get('bindAddress')?.text.includes(':') === true;
  const special = new Map([['ipvs.minSyncPeriod', '0s'], ...(isIpv6 ? IPV6_ADDRESSES : [])]);
  for (const [name, { path }] of KUBE_PROXY_FIELDS) {
    const text = special.get(path) ?? DEFAULT_TEXTS.get(path);
    // The name of the Node is not the file's to have a default for.
    if (text === undefined || path === 'nodeName') continue;
    layer.set(path, { text, source: `${file.path}: ${name}`, origin: 'default' });
  }
  return layer;
}

const IPV6_ADDRESSES = [
  ['healthzBindAddress', '[::]:10256'],
  ['metricsBindAddress', '[::1]:10249'],
] as const;

const DEFAULT_TEXTS: ReadonlyMap<string, string> = new Map([
  ...FIELDS_WITHOUT_FLAG,
  ...FLAGS.flatMap(({ path, defaultValue }) =>
    path === undefined ? [] : [[path, defaultValue] as const],
  ),
]);

function setText(layer: Map<string, Setting>, path: string, text: string): void {
  const setting = layer.get(path);
  if (setting !== undefined) layer.set(path, { ...setting, text });
}

/** A dry run with the file of a node has objects of its own. */
function preferManifests(settings: Map<string, Setting>): void {
  if (settings.get('manifests')?.text === '') return;
  const path = 'clientConnection.kubeconfig';
  if (settings.get(path)?.origin === 'file') setText(settings, path, '');
}

/** kube-proxy's periods for iptables are those of every mode but ipvs. */
function spreadPeriods(settings: Map<string, Setting>): void {
  if (settings.get('mode')?.text !== 'userspace') return;
  for (const period of ['syncPeriod', 'minSyncPeriod']) {
    const general = settings.get(`iptables.${period}`);
    const isUnsaid = settings.get(`userspace.${period}`)?.origin === 'default';
    if (isUnsaid && general?.origin !== 'default' && general !== undefined) {
      settings.set(`userspace.${period}`, general);
    }
  }
}

interface Judged {
  readonly config?: Config;
  readonly problems: Problems;
  readonly notes: readonly Note[];
}

interface Issue {
  readonly path: string;
  readonly message: string;
}

/** Parse all settings; what only another mode would need does not stand in the way of this one. */
function judge(settings: Layer): Judged {
  const parsed = parse(settings);
  const unused = parsed.issues.filter(({ path }) => isUnused(path, settings));
  if (unused.length === 0) return { ...conclude(settings, parsed), notes: [] };
  const usable = new Map(settings);
  for (const { path } of unused) {
    const text = DEFAULT_TEXTS.get(path) ?? '';
    usable.set(path, { text, source: path, origin: 'default' });
  }
  const notes = unused.map(({ path, message }): Note => {
    const { source = path, text = '' } = settings.get(path) ?? {};
    const fields = { where: source, problem: message, found: text };
    return { level: 'warn', message: 'wrong setting of a mode that is not in use', fields };
  });
  return { ...conclude(settings, parse(usable)), notes };
}

/** kube-proxy looks at these only in their mode, so files exist that are wrong there. */
function isUnused(path: string, settings: Layer): boolean {
  const { origin } = settings.get(path) ?? {};
  if (origin !== 'file') return false;
  const mode = settings.get('mode')?.text;
  if (path === 'clusterCIDR') {
    return !['', 'ClusterCIDR'].includes(settings.get('detectLocalMode')?.text ?? '');
  }
  return ['ipvs', 'nftables'].some((each) => path.startsWith(`${each}.`) && mode !== each);
}

function parse(settings: Layer): { config?: Config; issues: readonly Issue[] } {
  const parsed = configSchema.safeParse(nested(settings));
  if (parsed.success) return { config: parsed.data, issues: [] };
  const issues = parsed.error.issues.map(({ path, message }) => ({
    path: path.map(String).join('.'),
    message,
  }));
  return { issues };
}

function conclude(settings: Layer, { config, issues }: ReturnType<typeof parse>) {
  const all = config === undefined ? issues : findConflicts(config);
  const problems = all.map(({ path, message }) => printProblem(settings, path, message));
  return config === undefined || problems.length > 0 ? { problems } : { config, problems };
}

function printProblem(settings: Layer, path: string, message: string): string {
  const { text, source } = settings.get(path) ?? { text: '', source: path };
  return `${source}: ${message}, found ${JSON.stringify(text)}`;
}

/** A note for each field of the files that says something else than its default and is not used. */
function idleFields(config: Config, files: Layer, base: Layer): readonly Note[] {
  const usual = parse(base).config;
  return [...files].flatMap(([path, { source }]): readonly Note[] => {
    const why = WITHOUT_EFFECT.get(path);
    const differs = JSON.stringify(valueAt(config, path)) !== JSON.stringify(valueAt(usual, path));
    if (why === undefined || !differs) return [];
    return [{ level: 'info', message: 'field does nothing here', fields: { where: source, why } }];
  });
}
