/** What of the node is ours in ipvs mode. The inverse of restore.ts. */
import { sortedMap } from '../../sorted/sortedMap.ts';
import type { Installed, NodeReader, ObjectKey } from '../backend.ts';
import { readInstalled } from '../iptables/readSave.ts';
import type { IptablesPrograms } from '../iptables/restore.ts';
import type { NamedObject } from '../sets/names.ts';
import { readNodeObjects } from '../sets/readNode.ts';
import { ipvsSysctlKey, SET_NAMES, TIMEOUTS_KEY } from './names.ts';
import { parseServers } from './parseServers.ts';

/** Those that may be set: see staticObjects.ts. */
const SYSCTLS = [
  'net.ipv4.ip_forward',
  'net.ipv4.vs.conntrack',
  'net.ipv4.vs.expire_nodest_conn',
  'net.ipv4.vs.expire_quiescent_template',
  'net.ipv4.conf.all.arp_ignore',
  'net.ipv4.conf.all.arp_announce',
];

/** Everything of ours, and what else decides about it: the node's addresses, others' servers. */
export async function readNode(node: NodeReader, programs: IptablesPrograms): Promise<Installed> {
  const found: NamedObject[] = [...(await readInstalled(node, programs)).entries()];
  const shared = await readNodeObjects(node, programs.families, SET_NAMES);
  // With the numbers of connections, which `ipvsadm -S` does not print.
  found.push(...shared, ...parseServers(await node.list('ipvsadm', ['-Ln']), shared));
  const timeouts = /: ([\d ]+)$/m.exec(await node.list('ipvsadm', ['-L', '--timeout']))?.[1];
  if (timeouts !== undefined) found.push([TIMEOUTS_KEY, timeouts]);
  for (const name of SYSCTLS) {
    const value = await node.sysctl(name);
    if (value !== undefined) found.push([ipvsSysctlKey(name), value]);
  }
  return sortedMap<ObjectKey, string>(found);
}
