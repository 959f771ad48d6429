/** What the command line asks for, as a layer of settings, and what of it does not count. */
import { KUBE_PROXY_FIELDS } from './fileFields.ts';
import { FLAGS, flagDescription } from './flags.ts';
import type { Flag } from './flags.ts';
import { parseInteger } from './integer.ts';
import type { Layer, Note, Setting } from './layers.ts';
import { parseIp } from '../net/address.ts';
import { WITHOUT_EFFECT } from './withoutEffect.ts';

/** By flag name without hyphens; true where a flag was given without a value. */
export type FlagValues = Readonly<Record<string, string | true | undefined>>;

export interface FlagLayer {
  readonly settings: Layer;
  /** One for each flag that does nothing. */
  readonly notes: readonly Note[];
  readonly problems: readonly string[];
}

/** Fields of kube-proxy's file whose flags it lets win over the file all the same. */
const WINS_OVER_FILE = /^(?:nodeName$|logging\.)/;

const IN_FILE: ReadonlySet<string> = new Set(
  [...KUBE_PROXY_FIELDS.values()].map(({ path }) => path),
);

/** The old flags for a port alone, and the field of the address that they belong to. */
const PORT_FLAGS: ReadonlyMap<string, string> = new Map([
  ['healthz-port', 'healthzBindAddress'],
  ['metrics-port', 'metricsBindAddress'],
]);

/** With kube-proxy's file, flags that it has a field for do not count, as in kube-proxy. */
export function flagLayer(values: FlagValues, hasFile: boolean): FlagLayer {
  const settings = new Map<string, Setting>();
  const notes: Note[] = [];
  const problems: string[] = [];
  for (const flag of FLAGS.filter(({ name }) => isGiven(name, values[name]))) {
    const path = PORT_FLAGS.get(flag.name) ?? flag.path;
    if (hasFile && path !== undefined && isOutdone(path)) {
      notes.push(outdone(flag, path));
    } else if (PORT_FLAGS.has(flag.name)) {
      problems.push(...applyPort(flag, values, { settings, notes }));
    } else {
      if (path !== undefined) settings.set(path, settingOf(flag, values));
      if (path === undefined || WITHOUT_EFFECT.has(path)) {
        notes.push(idle(flag, flagDescription(flag)));
      }
    }
  }
  return { settings, notes, problems };
}

/** An empty name is none, as in kube-proxy: a DaemonSet may hand on a variable that is not set. */
function isGiven(name: string, value: FlagValues[string]): boolean {
  return value !== undefined && !(name === 'hostname-override' && value === '');
}

function isOutdone(path: string): boolean {
  return IN_FILE.has(path) && !WINS_OVER_FILE.test(path);
}

function outdone({ name }: Flag, field: string): Note {
  const message = 'flag ignored, as the file given with --config has a field for it';
  return { level: 'info', message, fields: { flag: `--${name}`, field } };
}

function idle({ name }: Flag, why: string): Note {
  return { level: 'info', message: 'flag does nothing here', fields: { flag: `--${name}`, why } };
}

function settingOf({ name }: Flag, values: FlagValues): Setting {
  return { text: String(values[name]), source: `--${name}`, origin: 'flag' };
}

/**
 * As kube-proxy has it: 0 turns the server off, any other port counts only for an address that is
 * given without one. Stands behind the address in FLAGS, so that this is set already.
 */
function applyPort(
  flag: Flag,
  values: FlagValues,
  { settings, notes }: { settings: Map<string, Setting>; notes: Note[] },
): readonly string[] {
  const { text, source, origin } = settingOf(flag, values);
  const path = PORT_FLAGS.get(flag.name) ?? '';
  const port = parseInteger(text, 0, 65_535);
  const ip = parseIp(settings.get(path)?.text ?? '');
  if (port === undefined) {
    return [`${source}: expected a number from 0 to 65535, found ${JSON.stringify(text)}`];
  }
  if (port === 0) settings.set(path, { text: '', source, origin });
  else if (ip === undefined) notes.push(idle(flag, 'The address has a port already'));
  else settings.set(path, { text: `${ip.includes(':') ? `[${ip}]` : ip}:${port}`, source, origin });
  return [];
}
