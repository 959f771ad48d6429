/** `fairway --write-config-to FILE`: the configuration in effect, in kube-proxy's form. */
import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { printConfiguration } from '../config/kubeProxyFile.ts';
import { loadConfig } from '../config/load.ts';
import type { Environment } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { openLog } from './openLog.ts';

/**
 * Resolves with the exit code. A name that the node has without being told is left out, so that
 * the file serves every node.
 */
export async function writeConfig(
  config: Config,
  path: string,
  environment: Environment,
): Promise<number> {
  const printed = printConfiguration(config);
  const untold = loadConfig({}, environment).config;
  if (config.nodeName === untold?.nodeName) printed['hostnameOverride'] = '';
  // kube-proxy reads YAML 1.1, where more words than `true` mean true unless they are quoted.
  await writeFile(path, stringify(printed, { version: '1.1' }));
  const log = openLog(config.logging);
  log.info('configuration written', { file: path });
  await log.close();
  return 0;
}
