/**
 * Reading objects that anyone with some rights in the cluster may have written. A Place is a value
 * with the path that led to it; whatever is not as expected there becomes a Problem and undefined.
 */
import { isDnsLabel, isDnsSubdomain } from './names.ts';
import type { ObjectReference, Problem } from './types.ts';

/** What was found wrong with one object so far. */
interface Findings {
  readonly object: ObjectReference;
  readonly problems: Problem[];
}

export interface Place {
  readonly value: unknown;
  /** As `kubectl explain` spells it: `spec.ports[0].port`; empty for the whole object. */
  readonly path: string;
  readonly findings: Findings;
}

/** More than these would only fill logs. */
const MAX_PROBLEMS = 16;
const MAX_SHOWN = 60;

/** The whole object; undefined identity parts make a Problem, see `isIdentified`. */
export function openObject(object: unknown, kind: ObjectReference['kind']): Place {
  const anonymous = { kind, namespace: '', name: '', uid: '' };
  const place = { value: object, path: '', findings: { object: anonymous, problems: [] } };
  const metadata = field(place, 'metadata');
  const reference = {
    kind,
    namespace: kind === 'Node' ? '' : (label(field(metadata, 'namespace')) ?? ''),
    name: (kind === 'Service' ? label : subdomain)(field(metadata, 'name')) ?? '',
    uid: uidText(field(metadata, 'uid').value),
  };
  return { ...place, findings: { object: reference, problems: place.findings.problems } };
}

/** Whether the object has the names that make it one; without them nothing of it may be used. */
export function isIdentified(root: Place): boolean {
  const { kind, namespace, name } = root.findings.object;
  return name !== '' && (kind === 'Node' || namespace !== '');
}

function label(place: Place): string | undefined {
  return orRefuse(place, 'a DNS label', textThat(isDnsLabel, place));
}

function subdomain(place: Place): string | undefined {
  return orRefuse(place, 'a DNS subdomain', textThat(isDnsSubdomain, place));
}

/** Only events use it, so a wrong one is no Problem. */
function uidText(value: unknown): string {
  return typeof value === 'string' && /^[-0-9a-zA-Z]{1,64}$/.test(value) ? value : '';
}

/** Record that this place does not hold what was expected. */
export function refuse(place: Place, expected: string): void {
  const { object, problems } = place.findings;
  if (problems.length >= MAX_PROBLEMS || problems.some((each) => each.field === place.path)) return;
  problems.push({
    object,
    field: place.path,
    message: `expected ${expected}, found ${shown(place.value)}`,
  });
}

/** What was read from the place; if that is nothing, it is refused. */
export function orRefuse<Value>(
  place: Place,
  expected: string,
  found: Value | undefined,
): Value | undefined {
  if (found === undefined) refuse(place, expected);
  return found;
}

/** A value in a few printable ASCII characters, whatever it is. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return 'nothing';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value !== 'string') return Array.isArray(value) ? 'a list' : 'an object';
  const start = value.length > MAX_SHOWN ? `${value.slice(0, MAX_SHOWN)}...` : value;
  // Terminals act on more than ASCII's control characters; logs must not be written by a Service.
  return JSON.stringify(start).replace(
    /[^ -~]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Not there, or null, which the API takes for the same. */
export function isAbsent(place: Place): boolean {
  return place.value === undefined || place.value === null;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One field of an object; absent when the object itself is. */
export function field(place: Place, name: string): Place {
  const path = place.path === '' ? name : `${place.path}.${name}`;
  return { value: ownValue(place, name), path, findings: place.findings };
}

/** One entry of a map of labels or annotations. */
export function entry(place: Place, key: string): Place {
  return { value: ownValue(place, key), path: `${place.path}[${key}]`, findings: place.findings };
}

function ownValue(place: Place, name: string): unknown {
  if (isObject(place.value)) {
    // Own fields only: what Object.prototype has under this name was not in the object.
    return Object.hasOwn(place.value, name) ? place.value[name] : undefined;
  }
  if (!isAbsent(place)) refuse(place, 'an object');
  return undefined;
}

/** The items of a list, at most `limit`; none when it is absent. */
export function items(place: Place, limit: number): readonly Place[] {
  if (isAbsent(place)) return [];
  if (!Array.isArray(place.value)) {
    refuse(place, 'a list');
    return [];
  }
  const list: readonly unknown[] = place.value;
  if (list.length > limit) {
    const count = { ...place, value: list.length };
    refuse(count, `a list of at most ${String(limit)} items (the rest is ignored)`);
  }
  return list.slice(0, limit).map((value, index) => ({
    value,
    path: `${place.path}[${String(index)}]`,
    findings: place.findings,
  }));
}

/** A string; undefined when absent. */
export function text(place: Place): string | undefined {
  const { value } = place;
  if (typeof value === 'string') return value;
  if (!isAbsent(place)) refuse(place, 'a string');
  return undefined;
}

/** A string that passes the test; undefined without a Problem for one that does not. */
export function textThat(test: (text: string) => boolean, place: Place): string | undefined {
  const { value } = place;
  return typeof value === 'string' && test(value) ? value : undefined;
}

/** One of a few words; undefined when absent. */
export function choice<const Word extends string>(
  place: Place,
  words: readonly Word[],
): Word | undefined {
  if (isAbsent(place)) return undefined;
  const found = words.find((word) => word === place.value);
  return orRefuse(place, words.join(' or '), found);
}

/** A whole number in a range; undefined when absent. */
export function integer(place: Place, least: number, most: number): number | undefined {
  if (isAbsent(place)) return undefined;
  const { value } = place;
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  refuse(place, `a whole number from ${String(least)} to ${String(most)}`);
  return undefined;
}

/** A port number that may be left open by absence or 0. */
export function optionalPort(place: Place): number | undefined {
  return place.value === 0 ? undefined : integer(place, 1, 65535);
}

/** true or false; `fallback` when absent, undefined when wrong. */
export function flag(place: Place, fallback: boolean): boolean | undefined {
  if (isAbsent(place)) return fallback;
  return orRefuse(
    place,
    'true or false',
    typeof place.value === 'boolean' ? place.value : undefined,
  );
}

/** What `read` makes of each item, without those it refused. */
export function readItems<Value>(
  place: Place,
  limit: number,
  read: (item: Place) => Value | undefined,
): readonly Value[] {
  return items(place, limit)
    .map(read)
    .filter((value) => value !== undefined);
}
