/** What this node's own addresses make harmful. */
import type { Ip } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import type { SortedMapEditor } from '../../sorted/sortedMap.ts';
import type { Installed, ObjectKey } from '../backend.ts';
import { addressKey, memberKey, ofKind, parseNodeKey, routeKey } from './names.ts';

/** What the node shall hold, in the making. */
export type Target = SortedMapEditor<ObjectKey, string>;

/** An address of an interface is not only a Service's: its other ports are the host's. */
export function respectAddresses(target: Target, installed: Installed, family: Family): void {
  const addresses = [...ofKind(installed, family, 'address')];
  for (const key of addresses) {
    target.set(key, '');
    const ip = parseNodeKey(key)?.name as Ip;
    target.delete(memberKey(family, 'KUBE-VIP', ip));
    target.delete(routeKey(family, ip));
  }
  // Nothing is known of them before the first look, nor in a dry run.
  if (addresses.length > 0) dropForeignSources(target, installed, family);
}

/** The kernel refuses a route with a source that the node does not have. */
function dropForeignSources(target: Target, installed: Installed, family: Family): void {
  for (const key of ofKind(target, family, 'route')) {
    const source = /^src (\S+)$/.exec(target.get(key) ?? '')?.[1];
    if (source === undefined || installed.has(addressKey(family, source))) return;
    for (const each of [...ofKind(target, family, 'route')]) target.set(each, '');
    return;
  }
}
