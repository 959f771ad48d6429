/**
 * Where relays are compared: client, node and endpoints in a network namespace each. Client and
 * endpoints share the machine's first processor, the relay that is measured has the second.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { directoryOf, namespaceOf } from '../../lab/namespaces.ts';
import { runProgram } from '../../lab/program.ts';

export type Member = 'client' | 'node' | 'ends';
const MEMBERS: readonly Member[] = ['client', 'node', 'ends'];

/** What is compared, and where a client dials it. */
export const SUBJECTS = { direct: '10.244.1.2', haproxy: '10.96.0.2', relay: '10.96.0.1' } as const;
export type Subject = keyof typeof SUBJECTS;

/** Where the kernel translates datagrams to the endpoint: what the relay's UDP is compared with. */
export const NAT = '10.96.0.3';

/**
 * Who answers HTTP, who sends without end, of whose two endpoints one refuses, who holds connections.
 */
export const PORTS = { http: 8080, bulk: 8081, halfDead: 8082, idle: 8083 } as const;
export const UDP_PORT = 7007;

const ALIVE = '10.244.1.2';
const RELAY_PORT = 10_200;
/** For each of PORTS. */
const HAPROXY_PORTS = { 8080: 10_300, 8081: 10_301, 8082: 10_302, 8083: 10_303 } as const;

const PROCESSOR: Readonly<Record<Member, string>> = { client: '0', ends: '0', node: '1' };

export interface Ground {
  /** Pids of what is measured. */
  readonly pids: Readonly<Record<'haproxy' | 'relay', number>>;
  /** What a client's program prints. */
  client(command: readonly string[]): Promise<string>;
  /** A client's program that says something when it is ready and then waits to be ended. */
  hold(command: readonly string[]): Promise<{ end(): Promise<void> }>;
}

export interface GroundOptions {
  readonly prefix: string;
  /** Before all else that runs on the machine, so that figures hold where it is shared. */
  readonly isRealtime: boolean;
}

export async function openGround({ prefix, isRealtime }: GroundOptions): Promise<Ground> {
  await plug(prefix);
  function placed(member: Member, command: readonly string[]): readonly string[] {
    const first = isRealtime ? ['chrt', '-r', '10'] : [];
    const where = ['netns', 'exec', namespaceOf(prefix, member)];
    return [...where, ...first, 'taskset', '-c', PROCESSOR[member], ...command];
  }
  async function hold(command: readonly string[]): Promise<{ end(): Promise<void> }> {
    const child = spawn('ip', placed('client', command), { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(child, 'exit');
    await Promise.race([once(child.stdout, 'data'), ended]);
    if (child.exitCode !== null) throw new Error(`${command.join(' ')} ended`);
    async function end(): Promise<void> {
      child.stdin.end();
      await ended;
    }
    return { end };
  }
  function start(member: Member, command: readonly string[], stdin = ''): ChildProcess {
    const stdio = ['pipe', 'inherit', 'inherit'] as const;
    const child = spawn('ip', placed(member, command), { stdio: [...stdio] });
    child.stdin.end(stdin);
    return child;
  }
  function configured(name: string, text: string): readonly string[] {
    const path = join(directoryOf(prefix), name);
    writeFileSync(path, text);
    return ['haproxy', '-q', '-f', path];
  }
  start('ends', configured('server.cfg', SERVER));
  start('ends', ['perl', BULK, 'serve', String(PORTS.bulk)]);
  start('ends', ['perl', IDLE, 'serve', String(PORTS.idle)]);
  start('ends', ['perl', DATAGRAMS, 'serve', String(UDP_PORT)]);
  const haproxy = start('node', configured('haproxy.cfg', haproxyConfig()));
  const main = join(import.meta.dirname, 'relayMain.ts');
  const relay = start('node', [process.execPath, main, String(RELAY_PORT)], relayTable());
  await sleep(SETTLE_MS);
  return {
    pids: { haproxy: haproxy.pid ?? -1, relay: relay.pid ?? -1 },
    client: (command) => runProgram('ip', placed('client', command)),
    hold,
  };
}

export const BULK = join(import.meta.dirname, 'bulk.pl');
export const IDLE = join(import.meta.dirname, 'idle.pl');
export const DATAGRAMS = join(import.meta.dirname, 'datagrams.pl');
const SETTLE_MS = 2000;

async function plug(prefix: string): Promise<void> {
  const [client, node, ends] = MEMBERS.map((member) => namespaceOf(prefix, member));
  for (const member of MEMBERS)
    await runProgram('ip', ['netns', 'add', namespaceOf(prefix, member)]);
  await batch(node, [
    'link set lo up',
    ...[`link add client type veth peer name eth0 netns ${client}`, 'link set client up'],
    ...[`link add ends type veth peer name eth0 netns ${ends}`, 'link set ends up'],
    ...['address add 192.168.50.1/24 dev client', 'address add 10.244.1.1/24 dev ends'],
    'route add local 10.96.0.0/24 dev lo src 192.168.50.1',
  ]);
  for (const [name, address, gateway] of [
    [client, '192.168.50.2', '192.168.50.1'],
    [ends, ALIVE, '10.244.1.1'],
  ]) {
    const own = [`address add ${address}/24 dev eth0`, 'link set eth0 up'];
    await batch(name, ['link set lo up', ...own, `route add default via ${gateway}`]);
  }
  // One that refuses.
  await batch(ends, ['address add 10.244.1.3/24 dev eth0']);
  const exec = ['netns', 'exec', node ?? ''];
  await runProgram('ip', [...exec, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', ...MANY_PORTS]);
  await runProgram('ip', [...exec, 'iptables-restore'], rules());
}

/** Each round's idle connections leave 16,000 of the node's ports in TIME_WAIT, for a minute. */
const MANY_PORTS = ['net.ipv4.ip_local_port_range=1024 65535'];

async function batch(namespace = '', commands: readonly string[]): Promise<void> {
  await runProgram('ip', ['-n', namespace, '-batch', '-'], `${commands.join('\n')}\n`);
}

/** Both are reached in the same way. */
function rules(): string {
  const tproxy = '-j TPROXY --on-ip 192.0.0.8 --on-port';
  const lines = Object.entries(HAPROXY_PORTS).map(
    ([port, at]) =>
      `-A PREROUTING -p tcp --syn -d ${SUBJECTS.haproxy} --dport ${port} ${tproxy} ${at}`,
  );
  const own = `-A PREROUTING -p tcp --syn -d ${SUBJECTS.relay} ${tproxy} ${RELAY_PORT}`;
  const datagrams = `-A PREROUTING -p udp -d ${SUBJECTS.relay} ${tproxy} ${RELAY_PORT}`;
  const nat = `-A PREROUTING -p udp -d ${NAT} --dport ${UDP_PORT} -j DNAT --to-destination ${ALIVE}`;
  return [
    ...['*mangle', ':PREROUTING ACCEPT', own, datagrams, ...lines, 'COMMIT'],
    ...['*nat', ':PREROUTING ACCEPT', nat, 'COMMIT', ''],
  ].join('\n');
}

/** The endpoints of each port, alive and dead. */
function endpointsOf(port: number): readonly string[] {
  if (port === PORTS.halfDead) return [`${ALIVE}:${PORTS.http}`, `10.244.1.3:${PORTS.http}`];
  return [`${ALIVE}:${port}`];
}

function relayTable(): string {
  const tcp = Object.values(PORTS).map((port) => ['TCP', port] as const);
  return [...tcp, ['UDP', UDP_PORT] as const]
    .flatMap(([protocol, port]) => {
      const name = `bench/port-${port}:/${protocol}/4`;
      const rest = `proxy-protocol=- cluster=${endpointsOf(port).join(',')} local=- ending=-`;
      return [
        `service ${name} balancing=round-robin affinity=- limit=- ${rest}`,
        `destination ${protocol}/4 ${SUBJECTS.relay}:${port} service=${name} inside=cluster outside=cluster`,
      ];
    })
    .join('\n');
}

const COMMON = `global
  nbthread 1
  maxconn 8500
  maxpipes 500
defaults
  timeout connect 5s
  timeout client 60s
  timeout server 60s
`;

const SERVER = `${COMMON}
frontend http
  mode http
  bind ${ALIVE}:${PORTS.http}
  http-request return status 200 content-type text/plain string ok
`;

function haproxyConfig(): string {
  const parts = Object.entries(HAPROXY_PORTS).map(([port, at]) => {
    const servers = endpointsOf(Number(port)).map((end, n) => `  server s${n} ${end}\n`);
    return `listen l${port}\n  bind 192.0.0.8:${at} transparent\n${servers.join('')}`;
  });
  const tcp = '  mode tcp\n  option splice-auto\n  option redispatch 1\n  retries 3\n';
  return `${COMMON}${tcp}${parts.join('')}`;
}
