/** From what is installed to what shall be: input for ipset, iptables-restore, ipvsadm and ip. */
import type { Family } from '../../net/family.ts';
import type { Operation, Plan, RunOperation } from '../../plan/operation.ts';
import type { Installed } from '../backend.ts';
import { planIptables } from '../iptables/restore.ts';
import type { IptablesPrograms } from '../iptables/restore.ts';
import {
  lineOperation,
  noLines,
  operationsIn,
  operationsOut,
  routeOperations,
  visitChanges,
  writeNodeObject,
} from '../sets/restore.ts';
import type { Change, NodeLines } from '../sets/restore.ts';
import { parseIpvsKey, serviceKey } from './names.ts';
import type { IpvsKey } from './names.ts';

/** Lines of input for each tool, by when they must be run. */
interface Lines {
  readonly node: NodeLines;
  readonly sysctls: (readonly [string, string])[];
  readonly timeouts: string[];
  readonly servicesIn: string[];
  readonly serversIn: string[];
  readonly servicesOut: string[];
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
    ...operationsIn(lines.node),
    ...planIptables(installed, target, programs).operations,
    ...lineOperation('Virtual servers and their endpoints', IPVSADM, [
      ...lines.servicesIn,
      ...lines.serversIn,
    ]),
    ...routeOperations(lines.node),
    ...lineOperation('Virtual servers no longer in use', IPVSADM, lines.servicesOut),
    ...operationsOut(lines.node),
  );
  return { operations };
}

const IPVSADM = ['ipvsadm', '--restore'];

function run(purpose: string, program: string, args: readonly string[]): RunOperation {
  return { kind: 'run', purpose, program, args, stdin: undefined };
}

function collect(installed: Installed, target: Installed): Lines {
  const lines: Lines = {
    ...{ node: noLines(), sysctls: [], timeouts: [] },
    ...{ servicesIn: [], serversIn: [], servicesOut: [] },
  };
  visitChanges(installed, target, (key, before, after) => {
    if (writeNodeObject(lines.node, { key, before, after }, target)) return;
    const parsed = parseIpvsKey(key);
    if (parsed !== undefined) WRITERS[parsed.kind](lines, { key: parsed, before, after }, target);
  });
  return lines;
}

type Writer = (lines: Lines, change: Change<IpvsKey>, target: Installed) => void;

const WRITERS: Readonly<Record<IpvsKey['kind'], Writer>> = {
  service: writeService,
  server: writeServer,
  sysctl: writeSysctl,
  timeouts: writeTimeouts,
  // Only ever read.
  foreign: () => undefined,
};

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

function writeService(lines: Lines, { key, before, after }: Change<IpvsKey>): void {
  const args = serviceArgs(key.family, key.name);
  if (after === undefined) lines.servicesOut.push(`-D ${args}`);
  else lines.servicesIn.push(`${before === undefined ? '-A' : '-E'} ${args} ${after}`);
}

function writeServer(
  lines: Lines,
  { key, before, after }: Change<IpvsKey>,
  target: Installed,
): void {
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
function writeSysctl(lines: Lines, { key, after }: Change<IpvsKey>): void {
  if (after !== undefined) lines.sysctls.push([key.name, after]);
}

/** 0 leaves what is there. */
function writeTimeouts(lines: Lines, { before, after }: Change<IpvsKey>): void {
  if (after === undefined) return;
  const found = before?.split(' ') ?? [];
  const isMet = after.split(' ').every((each, index) => each === '0' || each === found[index]);
  if (!isMet) lines.timeouts.push(after);
}
