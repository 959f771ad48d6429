/** A Service's address on the node, whichever of its ports there are. */
import type { Policy, Snapshot } from '../../model/types.ts';
import { familyOf } from '../../net/address.ts';
import type { Ip } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import { memberKey, routeKey } from './names.ts';
import type { NamedObject } from './names.ts';

/** Objects that several ServicePorts may want; the first in order of keys decides. */
export interface SharedObjects {
  /** What is shared: `10.96.0.1`, `mark 4711`. */
  readonly id: string;
  readonly objects: readonly NamedObject[];
}

/** Everything that one ServicePort wants. */
export interface PortObjects {
  readonly own: readonly NamedObject[];
  readonly shared: readonly SharedObjects[];
}

/** What the objects of every ServicePort depend on. */
export interface Ground {
  readonly policy: Policy;
  /**
   * Of routes to Services' addresses: which address of its own the node then dials from. Without
   * one it dials from the Service's address.
   */
  readonly routeText: Readonly<Record<Family, string>>;
}

export function groundOf({ policy, node }: Pick<Snapshot, 'policy' | 'node'>): Ground {
  const text = (family: Family): string => {
    const ip = node.ips.find((each) => familyOf(each) === family);
    return ip === undefined ? '' : `src ${ip}`;
  };
  return { policy, routeText: { 4: text(4), 6: text(6) } };
}

/** The address as such: other ports of it are refused, packets to it come to this node's stack. */
export function vip(family: Family, ip: Ip, { routeText }: Ground): readonly NamedObject[] {
  return [
    [memberKey(family, 'KUBE-VIP', ip), ''],
    [routeKey(family, ip), routeText[family]],
  ];
}
