/** Keeping the table of claims up to date, and telling whose standing that changes. */
import type { Family } from '../net/family.ts';
import { edit } from '../sorted/sortedMap.ts';
import { claimsOf, compareClaims } from './claims.ts';
import type { Claims } from './claims.ts';
import { isEqual } from './equal.ts';
import type { Claim, ClaimKey, Service, ServiceKey } from './types.ts';

/** A Service that came, went or changed. */
export interface ServiceChange {
  readonly before: Service | undefined;
  readonly after: Service | undefined;
}

export interface SettledClaims {
  readonly claims: Claims;
  /** Services that may have won or lost an address by the changes, whether they changed or not. */
  readonly affected: ReadonlySet<ServiceKey>;
}

/** The table after these changes; the same table when none of them changes a claim. */
export function settleClaims(
  claims: Claims,
  families: readonly Family[],
  changes: Iterable<ServiceChange>,
): SettledClaims {
  const touched = touchedLists(claims, families, changes);
  if (touched.size === 0) return { claims, affected: new Set() };
  const settled = edit(claims, (editor) => {
    for (const [key, list] of touched) {
      if (list.length > 0) editor.set(key, list);
      else editor.delete(key);
    }
  });
  // Only who was there before: who comes or goes by these very changes is looked at anyway.
  const affected = claims.size === 0 ? [] : rivals(claims, settled, touched.keys());
  return { claims: settled, affected: new Set(affected) };
}

/** What becomes of the list of every key on which some change makes or withdraws a claim. */
function touchedLists(
  claims: Claims,
  families: readonly Family[],
  changes: Iterable<ServiceChange>,
): ReadonlyMap<ClaimKey, readonly Claim[]> {
  const touched = new Map<ClaimKey, readonly Claim[]>();
  function current(key: ClaimKey): readonly Claim[] {
    return touched.get(key) ?? claims.get(key) ?? [];
  }
  for (const { before, after } of changes) {
    const withdrawn = before === undefined ? [] : claimsOf(before, families);
    const made = after === undefined ? [] : claimsOf(after, families);
    if (isEqual(withdrawn, made)) continue;
    for (const [key, claim] of withdrawn) touched.set(key, without(current(key), claim));
    for (const [key, claim] of made) touched.set(key, including(current(key), claim));
  }
  return touched;
}

function without(list: readonly Claim[], claim: Claim): readonly Claim[] {
  return list.filter((other) => compareClaims(claim, other) !== 0);
}

function including(list: readonly Claim[], claim: Claim): readonly Claim[] {
  const index = list.findIndex((other) => compareClaims(claim, other) < 0);
  return list.toSpliced(index < 0 ? list.length : index, 0, claim);
}

/** Everyone whose claim stands behind another owner than before. */
function* rivals(before: Claims, after: Claims, keys: Iterable<ClaimKey>): Generator<ServiceKey> {
  for (const key of keys) {
    if (isEqual(before.get(key)?.at(0), after.get(key)?.at(0))) continue;
    yield* claimantsBelow(after, key);
  }
}

/** Whoever claims the key; for a whole address also its ports. */
function* claimantsBelow(claims: Claims, key: ClaimKey): Generator<ServiceKey> {
  for (const [other, list] of claims.entriesFrom(key)) {
    if (other !== key && !other.startsWith(`${key} `)) return;
    for (const { service } of list) yield service;
  }
}
