/** Output of ipset and ip → our objects. */
import { parseIp } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import { FAMILIES } from '../../net/family.ts';
import { addressKey, memberKey, routeKey, SET_NAMES, setKey, setOf } from './names.ts';
import type { SetName } from './names.ts';
import type { NamedObject } from './servicePort.ts';

/** By its name on the node, the set that it is. */
const OURS: ReadonlyMap<string, { readonly family: Family; readonly name: SetName }> = new Map(
  FAMILIES.flatMap((family) =>
    SET_NAMES.map((name) => [setOf(family, name), { family, name }] as const),
  ),
);

/** `ipset save`: lines `create NAME TYPE …` and `add NAME ENTRY …`. */
export function parseSets(save: string): readonly NamedObject[] {
  const found: NamedObject[] = [];
  for (const line of save.split('\n')) {
    const [, command, set = '', rest = ''] = /^(create|add) (\S+) (.*)$/.exec(line) ?? [];
    const ours = OURS.get(set);
    if (ours === undefined) continue;
    if (command === 'create') found.push([setKey(ours.family, ours.name), typeText(rest)]);
    else {
      const [entry = '', ...options] = rest.split(' ');
      found.push([memberKey(ours.family, ours.name, entry), options.join(' ')]);
    }
  }
  return found;
}

/** Without sizes and limits, which change by themselves. */
function typeText(header: string): string {
  return [
    /^\S+/.exec(header)?.[0],
    /\bfamily \S+/.exec(header)?.[0],
    /\brange \S+/.exec(header)?.[0],
    /\bskbinfo\b/.exec(header)?.[0],
  ]
    .filter((part) => part !== undefined)
    .join(' ');
}

/** `local 10.96.0.1 dev lo scope host src 192.0.2.11`; with `table local` all are local. */
export function parseRoutes(list: string, family: Family): readonly NamedObject[] {
  const found: NamedObject[] = [];
  for (const line of list.split('\n')) {
    const ip = parseIp(/^(?:local )?(\S+)/.exec(line)?.[1] ?? '');
    if (ip === undefined) continue;
    found.push([routeKey(family, ip), /\bsrc \S+/.exec(line)?.[0] ?? '']);
  }
  return found;
}

/** `2: eth0    inet 192.0.2.11/24 …`. */
export function parseAddresses(list: string, family: Family): readonly NamedObject[] {
  const addresses = list.matchAll(/^\d+: \S+ +inet6? ([^\s/]+)/gm);
  return Array.from(addresses, ([, ip = '']) => [addressKey(family, ip), '']);
}
