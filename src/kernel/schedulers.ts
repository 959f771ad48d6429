/** Which schedulers of IPVS this kernel can have, from its list of modules; nothing is loaded. */
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { SCHEDULERS } from '../model/schedulers.ts';
import type { Scheduler } from '../model/schedulers.ts';

const MODULES = '/lib/modules';
/** modules.dep: one line for each module; modules.builtin: those that need not be loaded. */
const LISTS = ['modules.dep', 'modules.builtin'];

/** undefined where nothing can be known: the folder is not there, as in a container without it. */
export async function availableSchedulers(
  folder = `${MODULES}/${release()}`,
): Promise<readonly Scheduler[] | undefined> {
  const lists = await Promise.all(LISTS.map((name) => readIfThere(`${folder}/${name}`)));
  if (lists.every((list) => list === undefined)) return undefined;
  const found = new Set<string>();
  for (const [, name = ''] of lists.join('\n').matchAll(/\/ip_vs_(\w+)\.ko(?:\.\w+)?(?::|$)/gm)) {
    found.add(name);
  }
  return SCHEDULERS.filter((scheduler) => found.has(scheduler));
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return undefined;
  }
}
