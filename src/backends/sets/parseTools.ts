/** Output of ipset and ip → our objects. */
import { parseIp } from '../../net/address.ts';
import type { Family } from '../../net/family.ts';
import { FAMILIES } from '../../net/family.ts';
import {
  addressKey,
  DUMMY_DEVICE,
  dummyKey,
  memberKey,
  RETURN_TABLE,
  returnKey,
  ROUTE_PROTOCOL,
  routeKey,
  setKey,
  setOf,
  WITHOUT_ROUTE,
} from './names.ts';
import type { NamedObject, SetName } from './names.ts';

interface OurSet {
  readonly family: Family;
  readonly name: SetName;
}

/** Those of these names in `ipset save`: lines `create NAME TYPE …` and `add NAME ENTRY …`. */
export function parseSets(save: string, names: readonly SetName[]): readonly NamedObject[] {
  const byName: ReadonlyMap<string, OurSet> = new Map(
    FAMILIES.flatMap((family) => names.map((name) => [setOf(family, name), { family, name }])),
  );
  const found: NamedObject[] = [];
  for (const line of save.split('\n')) {
    const [, command, set = '', rest = ''] = /^(create|add) (\S+) (.*)$/.exec(line) ?? [];
    const ours = byName.get(set);
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

/** `142:	from all fwmark 0x4000/0x4000 lookup 142 proto 142` and `local default dev lo table 142 …`. */
export function parseReturn(rules: string, routes: string, family: Family): readonly NamedObject[] {
  const ours = new RegExp(`fwmark (\\S+) lookup ${RETURN_TABLE} proto ${ROUTE_PROTOCOL}`);
  const mark = ours.exec(rules)?.[1];
  if (mark === undefined) return [];
  const hasRoute = new RegExp(`^local default dev lo .*table ${RETURN_TABLE}\\b`, 'm').test(routes);
  return [[returnKey(family), hasRoute ? mark : mark + WITHOUT_ROUTE]];
}

/** `2: eth0    inet 192.0.2.11/24 …`; those of kube-proxy's device are told apart. */
export function parseAddresses(list: string, family: Family): readonly NamedObject[] {
  const addresses = list.matchAll(/^\d+: (\S+) +inet6? ([^\s/]+)/gm);
  return Array.from(addresses, ([, device, ip = '']) => [
    device === DUMMY_DEVICE ? dummyKey(family, ip) : addressKey(family, ip),
    '',
  ]);
}

/** `ESTAB 0 0 10.96.0.1:80 10.244.1.2:4711`, `… [fd00::1]:80 […]:4711`: the near ends. */
export function parseSockets(list: string): readonly (readonly [string, number])[] {
  return Array.from(
    list.matchAll(/ \[?([^\s\]]+?)\]?:(\d+) +\S+ *$/gm),
    ([, ip = '', port]) => [ip, Number(port)] as const,
  );
}
