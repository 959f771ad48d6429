/** Changes of sets, their entries and routes as input for ipset and ip. */
import { FAMILIES } from '../../net/family.ts';
import type { Family } from '../../net/family.ts';
import type { Operation, RunOperation } from '../../plan/operation.ts';
import { difference } from '../../sorted/sortedMap.ts';
import type { Installed, ObjectKey } from '../backend.ts';
import {
  addressKey,
  DUMMY_DEVICE,
  ofKind,
  parseNodeKey,
  RETURN_TABLE,
  ROUTE_PROTOCOL,
  WITHOUT_ROUTE,
} from './names.ts';
import type { NodeKey } from './names.ts';

/** Lines of input for each tool, by when they must be run. */
export interface NodeLines {
  readonly setsIn: string[];
  readonly routes: Record<Family, string[]>;
  /** Addresses of kube-proxy's device that go, and the device: behind our routes. */
  readonly devices: Record<Family, string[]>;
  readonly dummies: Set<string>;
  readonly tablesOut: string[];
  readonly membersOut: string[];
  readonly setsOut: string[];
}

export function noLines(): NodeLines {
  return {
    ...{ setsIn: [], routes: { 4: [], 6: [] }, devices: { 4: [], 6: [] }, dummies: new Set() },
    ...{ tablesOut: [], membersOut: [], setsOut: [] },
  };
}

/** A change of one object: `undefined` where it is not there. */
export interface Change<K> {
  readonly key: K;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Each object that differs, whatever it is; other kinds of keys are for the caller. */
export function visitChanges(
  installed: Installed,
  target: Installed,
  visit: (key: ObjectKey, before: string | undefined, after: string | undefined) => void,
): void {
  difference(installed, target, {
    added: (key, text) => {
      visit(key, undefined, text);
    },
    removed: (key, text) => {
      visit(key, text, undefined);
    },
    changed: visit,
  });
}

/** Adds the lines of a change; false when the key is none of ours here. */
export function writeNodeObject(
  lines: NodeLines,
  { key, before, after }: Change<ObjectKey>,
  target: Installed,
): boolean {
  const parsed = parseNodeKey(key);
  if (parsed === undefined) return false;
  WRITERS[parsed.kind](lines, { key: parsed, before, after }, target);
  return true;
}

type Writer = (lines: NodeLines, change: Change<NodeKey>, target: Installed) => void;

const WRITERS: Readonly<Record<NodeKey['kind'], Writer>> = {
  set: writeSet,
  member: writeMember,
  route: writeRoute,
  return: writeReturn,
  dummy: writeDummy,
  device: writeDevice,
  nft: writeTable,
  // Only ever read.
  address: () => undefined,
  relayed: () => undefined,
};

function writeSet(lines: NodeLines, { key, before, after }: Change<NodeKey>): void {
  if (after === undefined) lines.setsOut.push(`destroy ${key.name}`);
  // One of another type is not ours to change; the tool's refusal names it.
  else if (before !== after) lines.setsIn.unshift(`create ${key.name} ${after}${limits(after)}`);
}

/** Far more than ports of Services in one cluster. Small until used. */
function limits(text: string): string {
  return text.startsWith('hash:') ? ' maxelem 1048576' : '';
}

function writeMember(lines: NodeLines, { key, after }: Change<NodeKey>, target: Installed): void {
  const options = after === undefined || after === '' ? '' : ` ${after}`;
  if (after !== undefined) lines.setsIn.push(`add ${key.name}${options}`);
  // With its set, all of it goes.
  else if (target.size > 0) lines.membersOut.push(`del ${key.name}`);
}

/**
 * Added, not put in place of another: what stands there may be the kernel's own, of an address that
 * an interface got since we looked, and would go with ours.
 */
function writeRoute(lines: NodeLines, change: Change<NodeKey>, target: Installed): void {
  const { key, before, after } = change;
  const bits = key.family === 4 ? '32' : '128';
  const route = `local ${key.name}/${bits} dev lo table local proto ${ROUTE_PROTOCOL}`;
  const of = lines.routes[key.family];
  if (after === undefined) {
    of.push(`route del ${route}`);
    return;
  }
  const source = usableSource(after, key.family, target);
  if (before === source) return;
  const verb = before !== undefined ? 'replace' : lines.dummies.has(key.name) ? 'append' : 'add';
  of.push(`route ${verb} ${route}${source && ` ${source}`}`);
}

/**
 * While kube-proxy's device has the address, the kernel's own route stands there; ours is put behind
 * it first, so that the address leads here at every moment. Visited before routes, as keys are sorted.
 */
function writeDummy({ dummies, devices }: NodeLines, { key, after }: Change<NodeKey>): void {
  if (after !== undefined) return;
  dummies.add(key.name);
  const bits = key.family === 4 ? '32' : '128';
  devices[key.family].push(`address del ${key.name}/${bits} dev ${DUMMY_DEVICE}`);
}

function writeDevice({ devices }: NodeLines, { key, after }: Change<NodeKey>): void {
  // Once IPv6 addresses are gone, too.
  if (after === undefined) devices[6].push(`link del ${key.name}`);
}

function writeTable({ tablesOut }: NodeLines, { key, after }: Change<NodeKey>): void {
  const family = key.family === 4 ? 'ip' : 'ip6';
  if (after === undefined) tablesOut.push(`delete table ${family} ${key.name}`);
}

/**
 * The kernel refuses a route with a source that the node does not have. Looked at here and not in
 * what is desired, where it would be a change of every route at every sync.
 */
function usableSource(source: string, family: Family, target: Installed): string {
  if (source === '' || target.has(addressKey(family, source.replace('src ', '')))) return source;
  // Nothing is known of the node's addresses before the first look, nor in a dry run.
  const [first] = ofKind(target, family, 'address');
  return first === undefined ? source : '';
}

/** The table is filled before anything is led there, and emptied after. */
function writeReturn(lines: NodeLines, { key, before, after }: Change<NodeKey>): void {
  const own = `proto ${ROUTE_PROTOCOL}`;
  const route = `local default dev lo table ${RETURN_TABLE} ${own}`;
  const rule = (mark: string): string =>
    `fwmark ${mark} lookup ${RETURN_TABLE} pref ${RETURN_TABLE} ${own}`;
  const of = lines.routes[key.family];
  if (after !== undefined) of.push(`route replace ${route}`);
  if (before !== undefined) of.push(`rule del ${rule(before.replace(WITHOUT_ROUTE, ''))}`);
  if (after !== undefined) of.push(`rule add ${rule(after)}`);
  else if (before?.endsWith(WITHOUT_ROUTE) === false) of.push(`route del ${route}`);
}

const IPSET = ['ipset', 'restore', '-exist'];

/** Sets come before the rules that ask them. */
export function operationsIn({ setsIn }: NodeLines): readonly Operation[] {
  return lineOperation('Sets of addresses and ports', IPSET, setsIn);
}

/** Where Services' addresses lead, once all that stands behind them is there. */
export function routeOperations({ routes, devices }: NodeLines): readonly Operation[] {
  return FAMILIES.flatMap((family) => [
    ...lineOperation(
      `Where addresses of IPv${String(family)} Services lead`,
      ['ip', `-${String(family)}`, '-force', '-batch', '-'],
      [...routes[family], ...devices[family]],
    ),
  ]);
}

export function operationsOut(lines: NodeLines): readonly Operation[] {
  const { tablesOut, membersOut, setsOut } = lines;
  return [
    ...lineOperation("Tables of kube-proxy's", ['nft', '-f', '-'], tablesOut),
    ...lineOperation('Entries no longer in use', IPSET, membersOut),
    ...lineOperation('Sets no longer in use', IPSET, setsOut),
  ];
}

/** An operation whose lines stand alone; none without lines. */
export function lineOperation(
  purpose: string,
  [program = '', ...args]: readonly string[],
  lines: readonly string[],
): readonly RunOperation[] {
  if (lines.length === 0) return [];
  const stdin = `${lines.join('\n')}\n`;
  return [{ kind: 'run', purpose, program, args, stdin, linesStandAlone: true }];
}
