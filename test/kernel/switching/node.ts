/** A node whose agents come and go, and everything of a proxy that can be listed on it. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SLOWNESS } from '../../lab/slowness.ts';
import { runInside } from '../../lab/program.ts';

/** All that a mode has on the node, one object a line, sorted; the same for equal nodes. */
export async function listNode(namespace: string): Promise<readonly string[]> {
  const list = (...command: readonly string[]): Promise<string> =>
    runInside(namespace, command).catch(() => '');
  const texts = await Promise.all([
    list('iptables-nft-save'),
    list('ip6tables-nft-save'),
    list('iptables-legacy-save'),
    list('ipset', 'save'),
    list('ipvsadm', '-Sn'),
    list('ip', '-4', 'route', 'show', 'table', 'local', 'proto', '142'),
    list('ip', '-6', 'route', 'show', 'table', 'local', 'proto', '142'),
    list('ip', 'rule', 'show'),
    list('ip', '-o', 'link', 'show', 'type', 'dummy'),
    list('nft', 'list', 'tables'),
  ]);
  return (
    texts
      .join('\n')
      .split('\n')
      .map((line) =>
        line.replace(/\[\d+:\d+\]/, '').replace(/ (?:hashsize|bucketsize|initval) \S+/g, ''),
      )
      .filter((line) => line !== '' && !line.startsWith('#'))
      // The relay's port is another for each process.
      .map((line) => line.replace(/--on-port \d+/, '--on-port N'))
      .toSorted()
  );
}

/** A file that is replaced as a whole. */
export function putFile(directory: string, name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

export const PATIENCE_MS = 30_000 * SLOWNESS;
