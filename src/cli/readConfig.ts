/** The configuration files that the flags name, read from the disk. */
import { createReadStream } from 'node:fs';
import { text } from 'node:stream/consumers';
import type { SourceFile } from '../config/document.ts';
import { MAX_FILE_LENGTH } from '../config/fileLimit.ts';
import { loadConfig } from '../config/load.ts';
import type { Environment, FlagValues, Loaded } from '../config/load.ts';

/**
 * The Config that flags, environment and files give now. To be called again whenever a file may
 * have changed: nothing is remembered. A file that cannot be read is a problem like any other. Only
 * where there is a file is what reads YAML loaded: it takes 9 MB and 20 ms.
 */
export async function readConfig(flags: FlagValues, environment: Environment): Promise<Loaded> {
  const shared = await readFileOf('config', flags);
  const own = await readFileOf('fairway-config', flags);
  const problems = [shared, own].flatMap(({ problem }) => problem ?? []);
  if (problems.length > 0) return { notes: [], problems };
  return loadConfig(flags, environment, {
    kubeProxy:
      shared.file && (await import('../config/kubeProxyFile.ts')).readKubeProxyFile(shared.file),
    fairway: own.file && (await import('../config/fairwayFile.ts')).readFairwayFile(own.file),
  });
}

interface ReadFile {
  readonly file?: SourceFile;
  readonly problem?: string;
}

async function readFileOf(flag: string, flags: FlagValues): Promise<ReadFile> {
  const path = flags[flag];
  if (path === undefined || path === true || path === '') return {};
  try {
    // One byte more than allowed tells that there are more; a device could have no end.
    return { file: { path, text: await text(createReadStream(path, { end: MAX_FILE_LENGTH })) } };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { problem: `--${flag}: expected a file that can be read, found ${path} (${reason})` };
  }
}
