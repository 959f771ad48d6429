/** What sets, routes and addresses the node has. The inverse of restore.ts. */
import { FAMILIES } from '../../net/family.ts';
import type { Family } from '../../net/family.ts';
import type { NodeReader } from '../backend.ts';
import { RETURN_TABLE, ROUTE_PROTOCOL } from './names.ts';
import type { NamedObject, SetName } from './names.ts';
import { parseAddresses, parseReturn, parseRoutes, parseSets } from './parseTools.ts';

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

/** The ways back for answers to clients' addresses. */
export async function readReturns(
  node: NodeReader,
  families: readonly Family[],
): Promise<readonly NamedObject[]> {
  const found: NamedObject[] = [];
  for (const family of families) {
    const inFamily = `-${String(family)}`;
    const rules = await node.list('ip', [inFamily, 'rule', 'show']);
    if (!rules.includes(`lookup ${RETURN_TABLE} proto ${ROUTE_PROTOCOL}`)) continue;
    // All tables: ip calls it an error when this one does not exist.
    const table = ['route', 'show', 'table', 'all', 'proto', ROUTE_PROTOCOL, 'type', 'local'];
    found.push(...parseReturn(rules, await node.list('ip', [inFamily, ...table]), family));
  }
  return found;
}
