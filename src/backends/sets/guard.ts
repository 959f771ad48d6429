/** Source ranges of a load balancer's address: entries of sets, and the rule that asks them. */
import type { Cidr } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import { inSet, memberKey } from './names.ts';
import type { NamedObject } from './names.ts';

/** Entries for the destination `entry`; none where everyone may pass. */
export function guardMembers(
  family: Family,
  entry: string,
  ranges: readonly Cidr[] | undefined,
): readonly NamedObject[] {
  if (ranges === undefined || ranges.some((range) => range.endsWith('/0'))) return [];
  const sources = ranges.map((range) => `${entry},${range.replace(/\/(?:32|128)$/, '')}`);
  return [
    [memberKey(family, 'KUBE-GUARD', entry), ''],
    ...sources.map((source): NamedObject => [memberKey(family, 'KUBE-GUARD-SRC', source), '']),
  ];
}

/** Drops what comes from outside of the ranges. */
export function guardRule(family: Family): string {
  const passes = inSet(family, 'KUBE-GUARD-SRC', 'dst,dst,src', '! ');
  return `${inSet(family, 'KUBE-GUARD', 'dst,dst')} ${passes} -j DROP`;
}
