/** `ipvsadm -Ln` → our virtual and real servers, and the names of others' virtual servers. */
import type { Family } from '../../net/family.ts';
import type { ObjectKey } from '../backend.ts';
import { parseNodeKey, setOf } from '../sets/names.ts';
import type { NamedObject } from '../sets/names.ts';
import { entryOfService, foreignKey, serverKey, serviceKey } from './names.ts';

/** What the sets say about which virtual servers are ours. */
interface Ownership {
  /** Of the set KUBE-VIP-OURS, by family. */
  readonly entries: Readonly<Record<Family, ReadonlySet<string>>>;
  readonly marks: Readonly<Record<Family, ReadonlySet<number>>>;
}

interface Service {
  readonly family: Family;
  readonly at: string;
  readonly isOurs: boolean;
}

/** A real server's text, from its weight. */
export type ServerText = (weight: string, isBusy: boolean) => string;

/** `1`, and of those that get no new connections `0 busy` or `0 idle`. */
function endingText(weight: string, isBusy: boolean): string {
  return weight === '0' ? busyText(weight, isBusy) : weight;
}

/** `1 busy`, `1 idle`: whether any connection still runs. */
export function busyText(weight: string, isBusy: boolean): string {
  return `${weight} ${isBusy ? 'busy' : 'idle'}`;
}

/** `sets` are those read at the same time. */
export function parseServers(
  list: string,
  sets: readonly NamedObject[],
  textOf: ServerText = endingText,
): readonly NamedObject[] {
  const record = recordOf(sets);
  const found: NamedObject[] = [];
  let service: Service | undefined;
  for (const line of list.split('\n')) {
    if (line.startsWith('  -> ')) {
      if (service?.isOurs === true) found.push(...serverOf(line, service, textOf));
      continue;
    }
    const parsed = serviceOf(line, record);
    if (parsed === undefined) continue;
    ({ service } = parsed);
    found.push(parsed.object);
  }
  return found;
}

function recordOf(sets: readonly NamedObject[]): Ownership {
  const entries = { 4: new Set<string>(), 6: new Set<string>() };
  const marks = { 4: new Set<number>(), 6: new Set<number>() };
  for (const [key, text] of sets) {
    const { family, set, entry } = memberOf(key);
    if (family === 0) continue;
    if (set === setOf(family, 'KUBE-VIP-OURS')) entries[family].add(entry);
    if (set === setOf(family, 'KUBE-EXT-LOCAL'))
      marks[family].add(Number(text.replace('skbmark ', '')));
  }
  return { entries, marks };
}

function memberOf(key: ObjectKey) {
  const parsed = parseNodeKey(key);
  if (parsed?.kind !== 'member') return { family: 0 as const, set: '', entry: '' };
  const [set = '', entry = ''] = parsed.name.split(' ');
  return { family: parsed.family, set, entry };
}

/** `TCP  10.96.0.1:80 rr persistent 300`, `FWM  78 IPv6 wlc`, `TCP  [fd00::1]:80 mh (mh-fallback,mh-port)`. */
function serviceOf(
  line: string,
  record: Ownership,
): { readonly service: Service; readonly object: NamedObject } | undefined {
  const [, protocol, address, isSix, flags] =
    /^(TCP|UDP|SCTP|FWM) +(\S+) (IPv6 )?(.*)$/.exec(line) ?? [];
  if (protocol === undefined || address === undefined || flags === undefined) return undefined;
  const family: Family = isSix !== undefined || address.startsWith('[') ? 6 : 4;
  const at = `${protocol} ${address}`;
  const entry = entryOfService(at);
  const isOurs =
    entry === undefined
      ? isOurMark(Number(address), record.marks[family])
      : record.entries[family].has(entry);
  const object: NamedObject = isOurs
    ? [serviceKey(family, at), flagsText(flags)]
    : [foreignKey(family, at), ''];
  return { service: { family, at, isOurs }, object };
}

/** A mark of the set, or one that has the masquerade bit besides. */
function isOurMark(mark: number, marks: ReadonlySet<number>): boolean {
  if (marks.has(mark)) return true;
  return Array.from({ length: 32 }, (_, bit) => 2 ** bit).some(
    (bit) => Math.floor(mark / bit) % 2 === 1 && marks.has(mark - bit),
  );
}

/** As `ipvsadm -S` would print it: `-s rr -p 300`. */
function flagsText(flags: string): string {
  const scheduler = /^\S+/.exec(flags)?.[0] ?? '';
  const persistent = /\bpersistent (\d+)/.exec(flags)?.[1];
  const extra = /\(([^)]+)\)/.exec(flags)?.[1];
  const mask = /\bmask (\S+)/.exec(flags)?.[1];
  return [
    `-s ${scheduler}`,
    ...(persistent === undefined ? [] : [`-p ${persistent}`]),
    ...(mask === undefined ? [] : [`-M ${mask}`]),
    ...(extra === undefined ? [] : [`-b ${extra}`]),
    ...(/\bops\b/.test(flags) ? ['-o'] : []),
  ].join(' ');
}

/** `  -> 10.244.1.2:8080   Masq    1      0          0`. */
function serverOf(
  line: string,
  { family, at }: Service,
  textOf: ServerText,
): readonly NamedObject[] {
  const [, , endpoint, , weight, active, inactive] = line.split(/ +/);
  if (endpoint === undefined || weight === undefined) return [];
  const isBusy = active !== '0' || inactive !== '0';
  return [[serverKey(family, at, endpoint), textOf(weight, isBusy)]];
}
