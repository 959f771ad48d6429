/** Our own configuration file, for what KubeProxyConfiguration has no field for. */
import type { SourceFile } from './document.ts';
import { FAIRWAY_FORM, KUBE_PROXY_FORM } from './fileFields.ts';
import type { Layer } from './layers.ts';
import { readSettings } from './settingsFile.ts';

export interface FairwayFile {
  readonly settings: Layer;
  readonly problems: readonly string[];
}

/** Strict: nobody else reads this file, so a field that is not known is a mistake. */
export function readFairwayFile(file: SourceFile): FairwayFile {
  const { settings, unknown, duplicates, hasMoreDocuments, problems } = readSettings(
    file,
    FAIRWAY_FORM,
  );
  const all = [...problems];
  for (const { field, line } of unknown) {
    const hint = KUBE_PROXY_FORM.fields.has(field) ? '; it belongs into the file for --config' : '';
    all.push(`${file.path}:${line}: ${field}: expected a field of ${FAIRWAY_FORM.kind}${hint}`);
  }
  for (const { field, line } of duplicates) {
    all.push(`${file.path}:${line}: ${field}: expected once, found again`);
  }
  if (hasMoreDocuments) all.push(`${file.path}: expected one document, found more`);
  return { settings, problems: all };
}
