/**
 * kube-proxy's configuration file: KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1, read
 * strictly first and then leniently, as kube-proxy does it, and printed.
 */
import type { SourceFile } from './document.ts';
import { KUBE_PROXY_FIELDS } from './fileFields.ts';
import type { Layer, Note } from './layers.ts';
import type { Config } from './schema.ts';
import { printSettings, readSettings } from './settingsFile.ts';

const FORM = {
  apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
  kind: 'KubeProxyConfiguration',
  fields: KUBE_PROXY_FIELDS,
};

export interface KubeProxyFile {
  readonly settings: Layer;
  /** What strict decoding would refuse, and kube-proxy lives with. */
  readonly notes: readonly Note[];
  readonly problems: readonly string[];
}

/** Fields that are not there, or ask for their default with a zero, have no setting. */
export function readKubeProxyFile(file: SourceFile): KubeProxyFile {
  const { settings, unknown, duplicates, hasMoreDocuments, problems } = readSettings(file, FORM);
  const { path } = file;
  const notes: Note[] = [
    ...unknown.map((place) => warning('unknown field in the configuration file', path, place)),
    ...duplicates.map((place) =>
      warning('field given twice in the configuration file, the last one counts', path, place),
    ),
  ];
  if (hasMoreDocuments) {
    const message = 'only the first document of the configuration file is read';
    notes.push({ level: 'warn', message, fields: { file: path } });
  }
  return { settings, notes, problems };
}

function warning(message: string, file: string, place: { field: string; line: number }): Note {
  return { level: 'warn', message, fields: { file, ...place } };
}

/**
 * The Config in effect as KubeProxyConfiguration, for /configz and --write-config-to: every field,
 * durations as Go prints them.
 */
export function printConfiguration(config: Config): ReturnType<typeof printSettings> {
  return printSettings(withOwnPeriods(config), FORM);
}

/** The section iptables has the periods of every mode but ipvs, as in kube-proxy. */
function withOwnPeriods(config: Config): Config {
  if (config.mode !== 'userspace') return config;
  const { syncPeriod, minSyncPeriod } = config.userspace;
  return { ...config, iptables: { ...config.iptables, syncPeriod, minSyncPeriod } };
}
