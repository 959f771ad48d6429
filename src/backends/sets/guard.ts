/** Rules over the sets that both modes have. */
import type { Family } from '../../net/family.ts';
import { inSet } from './names.ts';

/** Drops what comes from outside of the source ranges of a load balancer's address. */
export function guardRule(family: Family): string {
  const passes = inSet(family, 'KUBE-GUARD-SRC', 'dst,dst,src', '! ');
  return `${inSet(family, 'KUBE-GUARD', 'dst,dst')} ${passes} -j DROP`;
}
