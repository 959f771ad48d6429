/** From what is installed to what shall be: input for ipset, iptables-restore, ipvsadm and ip. */
import type { Family } from '../../net/family.ts';
import { FAMILIES } from '../../net/family.ts';
import type { Operation, Plan, RunOperation } from '../../plan/operation.ts';
import { difference } from '../../sorted/sortedMap.ts';
import type { Installed, ObjectKey } from '../backend.ts';
import { planIptables } from '../iptables/restore.ts';
import type { IptablesPrograms } from '../iptables/restore.ts';
import { parseIpvsKey, ROUTE_PROTOCOL, serviceKey } from './names.ts';
import type { IpvsKey } from './names.ts';

/** Lines of input for each tool, by when they must be run. */
interface Lines {
  readonly sysctls: (readonly [string, string])[];
  readonly timeouts: string[];
  readonly setsIn: string[];
  readonly servicesIn: string[];
  readonly serversIn: string[];
  readonly routes: Record<Family, string[]>;
  readonly servicesOut: string[];
  readonly membersOut: string[];
  readonly setsOut: string[];
}

/** A change of one object: `undefined` where it is not there. */
interface Change {
  readonly key: IpvsKey;
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/**
 * The ordered operations that turn `installed` into `target`. Sets first, since rules ask them and
 * the record of what is ours must stand before it is made; then rules; then virtual servers; the
 * address last, so that nobody reaches one before all of it is there. What goes, goes the other way
 * round.
 */
export function planIpvs(
  installed: Installed,
  target: Installed,
  programs: IptablesPrograms,
): Plan {
  const lines = collect(installed, target);
  const operations: Operation[] = [];
  // Its sysctls are there only once it is loaded, which ipvsadm does.
  if (lines.sysctls.some(([name]) => name.startsWith('net.ipv4.vs.'))) {
    operations.push({ ...run('Load ip_vs', 'ipvsadm', ['--restore']), stdin: '\n' });
  }
  operations.push(
    ...lines.sysctls.map(([name, value]): Operation => {
      return { kind: 'sysctl', purpose: 'What IPVS needs of the node', name, value };
    }),
    ...lines.timeouts.map((text): Operation =>
      run('When idle connections are forgotten', 'ipvsadm', ['--set', ...text.split(' ')]),
    ),
    ...lineOperation('Sets of addresses and ports', IPSET, lines.setsIn),
    ...planIptables(installed, target, programs).operations,
    ...lineOperation('Virtual servers and their endpoints', IPVSADM, [
      ...lines.servicesIn,
      ...lines.serversIn,
    ]),
    ...FAMILIES.flatMap((family) =>
      lineOperation(
        `Where addresses of IPv${String(family)} Services lead`,
        ['ip', `-${String(family)}`, '-force', '-batch', '-'],
        lines.routes[family],
      ),
    ),
    ...lineOperation('Virtual servers no longer in use', IPVSADM, lines.servicesOut),
    ...lineOperation('Entries no longer in use', IPSET, lines.membersOut),
    ...lineOperation('Sets no longer in use', IPSET, lines.setsOut),
  );
  return { operations };
}

const IPSET = ['ipset', 'restore', '-exist'];
const IPVSADM = ['ipvsadm', '--restore'];

function run(purpose: string, program: string, args: readonly string[]): RunOperation {
  return { kind: 'run', purpose, program, args, stdin: undefined };
}

function lineOperation(
  purpose: string,
  [program = '', ...args]: readonly string[],
  lines: readonly string[],
): readonly Operation[] {
  if (lines.length === 0) return [];
  const stdin = `${lines.join('\n')}\n`;
  return [{ ...run(purpose, program, args), stdin, linesStandAlone: true }];
}

function collect(installed: Installed, target: Installed): Lines {
  const lines: Lines = {
    ...{ sysctls: [], timeouts: [], setsIn: [], servicesIn: [], serversIn: [] },
    ...{ routes: { 4: [], 6: [] }, servicesOut: [], membersOut: [], setsOut: [] },
  };
  const visit = (objectKey: ObjectKey, before?: string, after?: string): void => {
    const key = parseIpvsKey(objectKey);
    if (key !== undefined) WRITERS[key.kind](lines, { key, before, after }, target);
  };
  difference(installed, target, {
    added: (key, text) => {
      visit(key, undefined, text);
    },
    removed: (key, text) => {
      visit(key, text, undefined);
    },
    changed: visit,
  });
  return lines;
}

type Writer = (lines: Lines, change: Change, target: Installed) => void;

const WRITERS: Readonly<Record<IpvsKey['kind'], Writer>> = {
  set: writeSet,
  member: writeMember,
  route: writeRoute,
  service: writeService,
  server: writeServer,
  sysctl: writeSysctl,
  timeouts: writeTimeouts,
  // Only ever read.
  address: () => undefined,
  foreign: () => undefined,
};

function writeSet(lines: Lines, { key, before, after }: Change): void {
  if (after === undefined) lines.setsOut.push(`destroy ${key.name}`);
  // One of another type is not ours to change; the tool's refusal names it.
  else if (before !== after) lines.setsIn.unshift(`create ${key.name} ${after}${limits(after)}`);
}

/** Far more than ports of Services in one cluster. Small until used. */
function limits(text: string): string {
  return text.startsWith('hash:') ? ' maxelem 1048576' : '';
}

function writeMember(lines: Lines, { key, after }: Change, target: Installed): void {
  const options = after === undefined || after === '' ? '' : ` ${after}`;
  if (after !== undefined) lines.setsIn.push(`add ${key.name}${options}`);
  // With its set, all of it goes.
  else if (target.size > 0) lines.membersOut.push(`del ${key.name}`);
}

function writeRoute(lines: Lines, { key, after }: Change): void {
  if (key.family === 0) return;
  const bits = key.family === 4 ? '32' : '128';
  const route = `local ${key.name}/${bits} dev lo table local proto ${ROUTE_PROTOCOL}`;
  if (after === undefined) lines.routes[key.family].push(`route del ${route}`);
  else lines.routes[key.family].push(`route replace ${route}${after === '' ? '' : ` ${after}`}`);
}

/** `TCP 10.96.0.1:80` as arguments: `-t 10.96.0.1:80`. */
function serviceArgs(family: Family | 0, at: string): string {
  const [protocol = '', address = ''] = at.split(' ');
  return `${OPTIONS[protocol] ?? ''} ${address}${protocol === 'FWM' && family === 6 ? ' -6' : ''}`;
}

const OPTIONS: Readonly<Record<string, string>> = {
  TCP: '-t',
  UDP: '-u',
  SCTP: '--sctp-service',
  FWM: '-f',
};

function writeService(lines: Lines, { key, before, after }: Change): void {
  const args = serviceArgs(key.family, key.name);
  if (after === undefined) lines.servicesOut.push(`-D ${args}`);
  else lines.servicesIn.push(`${before === undefined ? '-A' : '-E'} ${args} ${after}`);
}

function writeServer(lines: Lines, { key, before, after }: Change, target: Installed): void {
  const [protocol = '', address = '', endpoint = ''] = key.name.split(' ');
  const at = `${protocol} ${address}`;
  const args = `${serviceArgs(key.family, at)} -r ${endpoint}`;
  if (after === undefined) {
    // With its virtual server, it goes by itself.
    const isAlone = key.family !== 0 && target.has(serviceKey(key.family, at));
    if (isAlone) lines.serversIn.push(`-d ${args}`);
    return;
  }
  const weight = weightOf(after);
  if (before !== undefined && weightOf(before) === weight) return;
  lines.serversIn.push(`${before === undefined ? '-a' : '-e'} ${args} -m -w ${weight}`);
}

/** The text behind it says how its connections are. */
function weightOf(text: string): string {
  return text.split(' ')[0] ?? '';
}

/** Nothing is put back: others may rely on it by now. */
function writeSysctl(lines: Lines, { key, after }: Change): void {
  if (after !== undefined) lines.sysctls.push([key.name, after]);
}

/** 0 leaves what is there. */
function writeTimeouts(lines: Lines, { before, after }: Change): void {
  if (after === undefined) return;
  const found = before?.split(' ') ?? [];
  const isMet = after.split(' ').every((each, index) => each === '0' || each === found[index]);
  if (!isMet) lines.timeouts.push(after);
}
