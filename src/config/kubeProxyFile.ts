/**
 * kube-proxy's configuration file: KubeProxyConfiguration, kubeproxy.config.k8s.io/v1alpha1, read
 * strictly first and then leniently, as kube-proxy does it.
 */
import type { SourceFile } from './document.ts';
import { KUBE_PROXY_FORM } from './fileFields.ts';
import type { Layer, Note } from './layers.ts';
import { readSettings } from './settingsFile.ts';

export interface KubeProxyFile {
  readonly path: string;
  readonly settings: Layer;
  /** What strict decoding would refuse, and kube-proxy lives with. */
  readonly notes: readonly Note[];
  readonly problems: readonly string[];
}

/** Fields that are not there, or ask for their default with a zero, have no setting. */
export function readKubeProxyFile(file: SourceFile): KubeProxyFile {
  const { settings, unknown, duplicates, hasMoreDocuments, problems } = readSettings(
    file,
    KUBE_PROXY_FORM,
  );
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
  return { path, settings, notes, problems };
}

function warning(message: string, file: string, place: { field: string; line: number }): Note {
  return { level: 'warn', message, fields: { file, ...place } };
}
