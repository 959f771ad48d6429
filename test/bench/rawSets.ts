/** What ipvs or userspace mode wrote, and the tools alone with the same input. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { directoryOf } from '../lab/namespaces.ts';
import { clusterIp, POD_PORT, SERVICE_PORT } from './addresses.ts';
import { runLong, timed, total } from './raw.ts';
import type { Cost, Move, RawRules } from './raw.ts';
import type { Site } from './site.ts';

/** How each part is saved on the node, and loaded into an empty one, in the order of loading. */
const PARTS: readonly (readonly [save: string, load: string])[] = [
  ['ipset save', 'ipset restore'],
  ['iptables-nft-save', 'iptables-nft-restore'],
  ['ip6tables-nft-save', 'ip6tables-nft-restore'],
  ['ipvsadm -Sn', 'ipvsadm -R'],
  [
    'ip route show table local proto 142 | awk \'{print "route add local " $2 " dev lo table local proto 142"}\'',
    'ip -batch -',
  ],
];

/** Save what the agent wrote. */
export async function saveSets(site: Site, variant: 'ipvs' | 'userspace'): Promise<RawRules> {
  const files: string[] = [];
  const parts = PARTS.filter(([save]) => variant === 'ipvs' || !save.startsWith('ipvsadm'));
  for (const [index, [save]] of parts.entries()) {
    const file = join(directoryOf(site.prefix), `part-${String(index)}`);
    writeFileSync(file, (await runLong(site, 'node', ['sh', '-ec', save])).stdout);
    files.push(file);
  }

  async function load(): Promise<Cost> {
    const costs: Cost[] = [];
    for (const [index, [, command]] of parts.entries()) {
      costs.push(await timed(site, command, files[index] ?? ''));
    }
    return total(costs);
  }

  async function change(moves: readonly Move[]): Promise<Cost> {
    // The relay takes a change without any tool.
    if (variant === 'userspace') return { elapsed: 0, cpu: 0 };
    const file = join(directoryOf(site.prefix), 'change');
    writeFileSync(file, moves.map(linesOf).join(''));
    return timed(site, 'ipvsadm -R', file);
  }

  return { load, change, worst: () => ({ clusterIp: clusterIp(0), rules: 0 }) };
}

/** The old endpoint takes no more connections, the new one does. */
function linesOf({ clusterIp: vip, from, to }: Move): string {
  const service = `-t ${vip}:${String(SERVICE_PORT)}`;
  const port = String(POD_PORT);
  return `-e ${service} -r ${from}:${port} -m -w 0\n-a ${service} -r ${to}:${port} -m -w 1\n`;
}
