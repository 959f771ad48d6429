/** What sets, routes and addresses the node has. The inverse of restore.ts. */
import { FAMILIES } from '../../net/family.ts';
import type { Family } from '../../net/family.ts';
import type { NodeReader } from '../backend.ts';
import { ROUTE_PROTOCOL } from './names.ts';
import type { NamedObject, SetName } from './names.ts';
import { parseAddresses, parseRoutes, parseSets } from './parseTools.ts';

/** Our sets of these names, our routes, and the addresses of the node's interfaces. */
export async function readNodeObjects(
  node: NodeReader,
  families: readonly Family[],
  names: readonly SetName[],
): Promise<readonly NamedObject[]> {
  const found = [...parseSets(await node.list('ipset', ['save']), names)];
  for (const family of FAMILIES.filter((each) => families.includes(each))) {
    const inFamily = `-${String(family)}`;
    const ours = ['route', 'show', 'table', 'local', 'proto', ROUTE_PROTOCOL];
    found.push(...parseRoutes(await node.list('ip', [inFamily, ...ours]), family));
    found.push(...parseAddresses(await node.list('ip', [inFamily, '-o', 'addr', 'show']), family));
  }
  return found;
}
