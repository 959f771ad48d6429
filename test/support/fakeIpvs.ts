/** ipvsadm, ip and ipset in memory: they take what a plan of ipvs mode gives, and print it back. */
import type { NodeReader } from '../../src/backends/backend.ts';
import type { Family } from '../../src/net/family.ts';
import type { Operation } from '../../src/plan/operation.ts';
import { fakeIpset } from './fakeIpset.ts';
import { Refusal } from './fakeIptables.ts';

interface VirtualServer {
  readonly flags: string;
  /** Real server → weight; none has a connection. */
  readonly servers: ReadonlyMap<string, string>;
}

export interface FakeIpvs {
  /** Throws Refusal; iptables is nobody's business here. */
  apply(operation: Operation): void;
  readonly reader: NodeReader;
}

const PROTOCOLS: Readonly<Record<string, string>> = {
  '-t': 'TCP',
  '-u': 'UDP',
  '--sctp-service': 'SCTP',
  '-f': 'FWM',
};

/** A node without any of it, on whose interfaces these addresses are. */
export function fakeIpvs(addresses: Readonly<Record<Family, readonly string[]>>): FakeIpvs {
  const ipset = fakeIpset(() => false);
  const services = new Map<string, VirtualServer>();
  const routes = { 4: new Map<string, string>(), 6: new Map<string, string>() };
  const sysctls = new Map<string, string>();

  function apply(operation: Operation): void {
    if (operation.kind === 'sysctl') sysctls.set(operation.name, operation.value);
    else if (operation.program === 'ipset') ipset.restore(operation.stdin ?? '');
    else if (operation.program === 'ipvsadm') eachLine(operation.stdin, changeServers);
    else if (operation.program === 'ip') {
      const family = operation.args.includes('-6') ? 6 : 4;
      eachLine(operation.stdin, (line, number) => {
        changeRoute(routes[family], line, number);
      });
    }
  }

  function changeServers(line: string, number: number): void {
    const change = parseChange(line);
    const found = services.get(change.at);
    if ((found === undefined) !== (change.command === 'A')) throw new Refusal(number, line);
    if (change.command === 'D') services.delete(change.at);
    else {
      const after = changed(found, change);
      if (after === undefined) throw new Refusal(number, line);
      services.set(change.at, after);
    }
  }

  function show(program: string, args: readonly string[]): string {
    if (program === 'ipset') return ipset.save();
    if (program === 'ipvsadm') {
      if (args.includes('--timeout')) return 'Timeout (tcp tcpfin udp): 900 120 300\n';
      return [...services].map(printServers).join('');
    }
    if (program !== 'ip') return '';
    const family = args.includes('-6') ? 6 : 4;
    if (args.includes('route')) return [...routes[family].values()].join('\n');
    const inet = family === 6 ? 'inet6' : 'inet';
    return addresses[family]
      .map((ip) => `2: eth0    ${inet} ${ip}/24 scope global eth0\n`)
      .join('');
  }

  return {
    apply,
    reader: {
      list: (program, args) => Promise.resolve(show(program, args)),
      sysctl: (name) => Promise.resolve(sysctls.get(name)),
    },
  };
}

function eachLine(input: string | undefined, change: (line: string, number: number) => void): void {
  for (const [index, line] of (input ?? '').split('\n').entries()) {
    if (line !== '') change(line, index + 1);
  }
}

interface ServerChange {
  readonly command: string;
  /** `-t 10.96.0.1:80`. */
  readonly at: string;
  readonly flags: string;
  /** undefined where the virtual server itself is meant. */
  readonly endpoint: string | undefined;
  readonly weight: string;
}

function parseChange(line: string): ServerChange {
  const [, command = '', at = '', flags = '', endpoint, weight = ''] =
    /^-([AEDaed]) (.+?)(?: -s (.+)| -r (\S+)(?: -m -w (\d+))?)?$/.exec(line) ?? [];
  return { command, at, flags, endpoint, weight };
}

/** undefined where a real server is there already, or is not. */
function changed(
  before: VirtualServer | undefined,
  { command, flags, endpoint, weight }: ServerChange,
): VirtualServer | undefined {
  const servers = new Map(before?.servers);
  if (endpoint === undefined) return { flags, servers };
  if (servers.has(endpoint) === (command === 'a')) return undefined;
  if (command === 'd') servers.delete(endpoint);
  else servers.set(endpoint, weight);
  return { flags: before?.flags ?? '', servers };
}

function changeRoute(routes: Map<string, string>, line: string, number: number): void {
  const [, command, ip = '', source = ''] =
    /^route (add|replace|del) local (\S+)\/\d+ dev lo table local proto 142(?: (src \S+))?$/.exec(
      line,
    ) ?? [];
  if (command === 'add' && routes.has(ip)) throw new Refusal(number, line);
  if (command !== 'del') routes.set(ip, `local ${ip} dev lo scope host ${source} `);
  else if (!routes.delete(ip)) throw new Refusal(number, line);
}

/** `TCP  10.96.0.1:80 mh (mh-port) persistent 300` and its real servers. */
function printServers([at, { flags, servers }]: readonly [string, VirtualServer]): string {
  const [option = '', address = '', isSix] = at.split(' ');
  const [scheduler = ''] = flags.split(' ');
  const extra = /-b (\S+)/.exec(flags)?.[1];
  const seconds = /-p (\d+)/.exec(flags)?.[1];
  const parts = [
    `${(PROTOCOLS[option] ?? '').padEnd(4)} ${address}`,
    ...(isSix === '-6' ? ['IPv6'] : []),
    scheduler,
    ...(extra === undefined ? [] : [`(${extra})`]),
    ...(seconds === undefined ? [] : [`persistent ${seconds}`]),
  ];
  const lines = [...servers].map(
    ([endpoint, weight]) =>
      `  -> ${endpoint.padEnd(28)} Masq    ${weight}      0          0         \n`,
  );
  return `${parts.join(' ')}\n${lines.join('')}`;
}
