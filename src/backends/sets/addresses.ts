/** What this node's own addresses make harmful. */
import type { Ip } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import type { SortedMapEditor } from '../../sorted/sortedMap.ts';
import type { Installed, ObjectKey } from '../backend.ts';
import { memberKey, ofKind, parseNodeKey, routeKey } from './names.ts';

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
}
