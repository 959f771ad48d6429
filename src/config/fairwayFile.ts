/** Our own configuration file, for what KubeProxyConfiguration has no field for. */
import type { SourceFile } from './document.ts';
import { FAIRWAY_FIELDS, KUBE_PROXY_FIELDS } from './fileFields.ts';
import type { Layer } from './layers.ts';
import type { Config } from './schema.ts';
import { printSettings, readSettings } from './settingsFile.ts';

const FORM = {
  apiVersion: 'fairway.dev/v1alpha1',
  kind: 'FairwayConfiguration',
  fields: FAIRWAY_FIELDS,
};

export interface FairwayFile {
  readonly settings: Layer;
  readonly problems: readonly string[];
}

/** Strict: nobody else reads this file, so a field that is not known is a mistake. */
export function readFairwayFile(file: SourceFile): FairwayFile {
  const { settings, unknown, duplicates, hasMoreDocuments, problems } = readSettings(file, FORM);
  const all = [...problems];
  for (const { field, line } of unknown) {
    const hint = KUBE_PROXY_FIELDS.has(field) ? '; it belongs into the file for --config' : '';
    all.push(`${file.path}:${line}: ${field}: expected a field of ${FORM.kind}${hint}`);
  }
  for (const { field, line } of duplicates) {
    all.push(`${file.path}:${line}: ${field}: expected once, found again`);
  }
  if (hasMoreDocuments) all.push(`${file.path}: expected one document, found more`);
  return { settings, problems: all };
}

/** What of the Config in effect is ours alone, as FairwayConfiguration. */
export function printFairwayConfiguration(config: Config): ReturnType<typeof printSettings> {
  return printSettings(config, FORM);
}
