/** The agents' configuration, by which their mode is switched: a ConfigMap that they follow. */
import { parseDocument } from 'yaml';
import { z } from 'zod';
import type { Api } from './api.ts';

export interface ModeConfig {
  /** `kube-system/fairway-mode` and the key in it, for people. */
  readonly name: string;
  /** What it says now; '' where it leaves that to the default. */
  readonly mode: string;
  /** Say this mode; all else stays. Agents follow in their own time. */
  set(mode: string): Promise<void>;
  /** As it was found, to the byte. */
  restore(): Promise<void>;
  /** The same for somebody who has only this text. */
  readonly restoring: string;
}

const configMapSchema = z.object({ data: z.record(z.string(), z.string()).optional() });
const restoringSchema = z.strictObject({ path: z.string(), key: z.string(), text: z.string() });

/** Throws where there is no such ConfigMap or key. */
async function openModeConfig(
  api: Api,
  {
    namespace,
    name,
    key,
  }: { readonly namespace: string; readonly name: string; readonly key: string },
): Promise<ModeConfig> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${name}`;
  const { data = {} } = configMapSchema.parse(await api.get(path));
  const text = data[key];
  if (text === undefined) {
    const keys = Object.keys(data).join(', ') || 'none';
    throw new Error(`expected the key ${key} in ConfigMap ${namespace}/${name}, found ${keys}`);
  }
  let written = text;
  async function write(next: string): Promise<void> {
    const { data: present = {} } = configMapSchema.parse(await api.get(path));
    if (present[key] !== written) {
      throw new Error(`somebody else has changed ConfigMap ${namespace}/${name}; it stays so`);
    }
    if (next === written) return;
    await api.patch(path, { data: { [key]: next } });
    written = next;
  }
  return {
    name: `${namespace}/${name}, ${key}`,
    mode: modeIn(text),
    set: (mode) => write(withMode(text, mode)),
    restore: () => write(text),
    restoring: JSON.stringify({ path, key, text }),
  };
}

/** Where the mode of an agent's own DaemonSet stands. */
const USUAL_KEYS = ['fairway.yaml', 'config.yaml', 'config.conf'];

/**
 * The ConfigMap that was chosen, or of those that the agents mount the one that says a mode. Throws
 * where there is none.
 */
export async function findModeConfig(
  api: Api,
  chosen: { readonly agentNamespace: string; readonly configMap: string | undefined },
  mounted: readonly string[],
): Promise<ModeConfig> {
  const { agentNamespace: namespace, configMap } = chosen;
  if (configMap !== undefined) {
    const [name = '', key = 'fairway.yaml'] = configMap.split('/');
    return openModeConfig(api, { namespace, name, key });
  }
  for (const key of USUAL_KEYS) {
    for (const name of mounted) {
      const found = await openModeConfig(api, { namespace, name, key }).catch(() => undefined);
      if (found !== undefined && found.mode !== '') return found;
    }
  }
  throw new Error(
    `expected a mode in one of ${mounted.join(', ') || 'no ConfigMaps'} in ${namespace}, found ` +
      'none: say --config-map NAME/KEY',
  );
}

function modeIn(text: string): string {
  const mode: unknown = parseDocument(text).get('mode');
  return typeof mode === 'string' ? mode : '';
}

/** Comments and order stay. */
function withMode(text: string, mode: string): string {
  const document = parseDocument(text);
  const [error] = document.errors;
  if (error !== undefined) throw new Error(`the agents' configuration is wrong: ${error.message}`);
  document.set('mode', mode);
  return document.toString();
}

/** Put back what an earlier comparison noted down. Throws for what is no such note. */
export async function restoreFrom(api: Api, restoring: string): Promise<void> {
  const { path, key, text } = restoringSchema.parse(JSON.parse(restoring));
  if (!/^\/api\/v1\/namespaces\/[\w.-]+\/configmaps\/[\w.-]+$/.test(path)) {
    throw new Error(`expected the path of a ConfigMap in the note, found ${path}`);
  }
  await api.patch(path, { data: { [key]: text } });
}
