/** The local detector as iptables matches: how a packet is known to come from a pod. */
import type { LocalDetector } from '../../model/types.ts';
import type { Cidr } from '../../net/address.ts';
import { familyOf } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';

/** One match for each way to be local; none when no detector is configured for this family. */
export function localSourceMatches(detector: LocalDetector, family: Family): readonly string[] {
  switch (detector.kind) {
    case 'none':
      return [];
    case 'cidr':
      return detector.cidrs.filter((cidr) => familyOf(cidr) === family).map(sourceMatch);
    case 'bridge':
      return [`-i ${detector.interface} `];
    case 'interfacePrefix':
      return [`-i ${detector.prefix}+ `];
  }
}

/** `-s 10.0.0.0/8 `; nothing for a range that holds every address, as iptables-save prints it. */
export function sourceMatch(range: Cidr): string {
  return range.endsWith('/0') ? '' : `-s ${range} `;
}
