/** Volumes, as the kubelet makes and changes them on the node. */
import { mkdirSync, mkdtempSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/**
 * Write the files of a ConfigMap or a service account into `folder`, in place of those before: a new
 * folder beside, and one link that is swapped (the kubelet's AtomicWriter).
 */
export function projectFiles(folder: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(folder, { recursive: true });
  const data = mkdtempSync(`${folder}/..`);
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(data, name), text);
    try {
      symlinkSync(join('..data', name), join(folder, name));
    } catch (error) {
      // It is there from the first time on.
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
  }
  symlinkSync(basename(data), join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
}
