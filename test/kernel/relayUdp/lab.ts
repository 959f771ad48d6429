/** A client, a node and a place for endpoints, each a network namespace; sockets in all of them. */
import { createSocket } from 'node:dgram';
import type { RemoteInfo, Socket } from 'node:dgram';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import koffi from 'koffi';
import { runProgram } from '../../../src/kernel/run.ts';

const PREFIX = `fairway-test-udp-${process.pid}`;
export type Place = 'client' | 'node' | 'ends';
const PLACES: readonly Place[] = ['client', 'node', 'ends'];

export const CLIENT = '192.168.50.2';
export const CLIENT6 = 'fd00:50::2';
export const NODE = '192.168.50.1';
export const VIP = '10.96.0.10';
export const VIP6 = 'fd00:96::10';
export const NODE_PORT = 30_053;

/** `10.244.1.2` and so on. */
export function endpointIp(n: number): string {
  return `10.244.1.${n}`;
}

const NODE_SETUP = `
link add eth0 type veth peer name eth0 netns ${PREFIX}-client
link add pods type veth peer name eth0 netns ${PREFIX}-ends
link set lo up
link set eth0 up
link set pods up
addr add ${NODE}/24 dev eth0
addr add 10.244.1.1/24 dev pods
addr add fd00:50::1/64 dev eth0 nodad
addr add fd00:244::1/64 dev pods nodad
route add local 10.96.0.0/24 dev lo src ${NODE}
route add local fd00:96::/112 dev lo src fd00:50::1
`;
const CLIENT_SETUP = `
link set lo up
link set eth0 up
addr add ${CLIENT}/24 dev eth0
addr add ${CLIENT6}/64 dev eth0 nodad
route add default via ${NODE}
route add default via fd00:50::1
`;
/** What clients dial from on this side's own: many addresses, all of them here. */
const MANY_CLIENTS = 'route add local 198.18.0.0/16 dev lo\n';
const ENDS_SETUP = `
link set lo up
link set eth0 up
${Array.from({ length: 9 }, (_, n) => `addr add ${endpointIp(n + 2)}/24 dev eth0`).join('\n')}
addr add fd00:244::2/64 dev eth0 nodad
route add default via 10.244.1.1
route add default via fd00:244::1
`;

export async function openLab(): Promise<void> {
  for (const place of PLACES) await ip(['netns', 'add', `${PREFIX}-${place}`]);
  await batch('node', NODE_SETUP);
  await batch('client', CLIENT_SETUP + MANY_CLIENTS);
  await batch('ends', ENDS_SETUP);
  await batch('node', 'route add 198.18.0.0/16 via 192.168.50.2\n');
  // A test sends more refused datagrams in a second than a node would answer.
  await run('ends', [
    'sysctl',
    '-qw',
    'net.ipv4.icmp_ratelimit=0',
    'net.ipv4.icmp_msgs_burst=10000',
  ]);
}

export async function closeLab(): Promise<void> {
  for (const place of PLACES) await ip(['netns', 'del', `${PREFIX}-${place}`]);
}

/** Rules that hand datagrams over to the listeners at that port, and to no others. */
export async function pointRulesAt(port: number): Promise<void> {
  await restore('iptables-restore', '4', port);
  await restore('ip6tables-restore', '6', port);
}

async function restore(program: string, family: '4' | '6', port: number): Promise<void> {
  const range = { 4: '10.96.0.0/24', 6: 'fd00:96::/112' }[family];
  const [outside, inside] = { 4: ['192.0.0.8', '192.0.0.9'], 6: ['100::8', '100::9'] }[family];
  const rules = [`-p udp -d ${range}`, `-p udp --dport ${NODE_PORT} -m addrtype --dst-type LOCAL`];
  const lines = rules.flatMap((rule) => [
    `-A PREROUTING ${rule} -i lo -j TPROXY --on-ip ${inside} --on-port ${port}`,
    `-A PREROUTING ${rule} -j TPROXY --on-ip ${outside} --on-port ${port}`,
  ]);
  const table = ['*mangle', ':PREROUTING ACCEPT', ...lines, 'COMMIT', ''].join('\n');
  await run('node', [program], table);
}

async function batch(place: Place, commands: string): Promise<void> {
  await ip(['-n', `${PREFIX}-${place}`, '-batch', '-'], commands);
}

async function ip(args: readonly string[], stdin?: string): Promise<void> {
  await runProgram('ip', args, { timeoutMs: 30_000, stdin });
}

export async function run(
  place: Place,
  command: readonly string[],
  stdin?: string,
): Promise<string> {
  const args = ['netns', 'exec', `${PREFIX}-${place}`, ...command];
  return (await runProgram('ip', args, { timeoutMs: 30_000, stdin })).stdout;
}

const setns = koffi.load(null).func('int setns(int, int)') as (fd: number, type: number) => number;

/** Sockets that `open` makes, and threads that it starts, are in that place. It must not wait. */
export function inside<Result>(place: Place, open: () => Result): Result {
  const home = openSync('/proc/thread-self/ns/net', 'r');
  const there = openSync(`/run/netns/${PREFIX}-${place}`, 'r');
  try {
    if (setns(there, 0) !== 0) throw new Error(`no way into ${place}`);
    return open();
  } finally {
    setns(home, 0);
    closeSync(home);
    closeSync(there);
  }
}

/** A bound socket that is there at once; all are closed by closeSockets. */
export function bind(place: Place, address: string, port = 0): Socket {
  const type = address.includes(':') ? 'udp6' : 'udp4';
  const socket = createSocket({
    type,
    recvBufferSize: 4_000_000,
    // Without it, looking up an address that is one already would leave this place.
    lookup: (host, _options, done) => done(null, host, type === 'udp6' ? 6 : 4),
  });
  inside(place, () => socket.bind({ address, port }));
  open.add(socket);
  return socket;
}

const open = new Set<Socket>();

export function closeSockets(): void {
  for (const socket of open) close(socket);
}

export function close(socket: Socket): void {
  open.delete(socket);
  socket.close();
}

export interface Server {
  readonly socket: Socket;
  /** What came, in its order. */
  readonly received: Buffer[];
}

/** Answers what it gets with `answer` of it; undefined stays silent. */
export function serve(
  address: string,
  answer: (request: Buffer) => Buffer | string | undefined,
): Server {
  const socket = bind('ends', address, 8080);
  const received: Buffer[] = [];
  socket.on('message', (request: Buffer, from: RemoteInfo) => {
    received.push(request);
    const reply = answer(request);
    if (reply !== undefined) socket.send(reply, from.port, from.address);
  });
  return { socket, received };
}

/** A server that answers with its name and what it was asked. */
export function serveNamed(address: string): Server {
  return serve(address, (request) => `${address} ${request.toString()}`);
}

const PATIENCE_MS = 5000;

/** The answer to one datagram; undefined when none comes from where it was sent within a while. */
export async function ask(
  socket: Socket,
  request: string | Buffer,
  to: { readonly ip: string; readonly port: number },
  patienceMs = PATIENCE_MS,
): Promise<Buffer | undefined> {
  const patience = AbortSignal.timeout(patienceMs);
  socket.send(request, to.port, to.ip);
  try {
    for (;;) {
      const [answer, from] = (await once(socket, 'message', { signal: patience })) as [
        Buffer,
        RemoteInfo,
      ];
      if (from.address === to.ip && from.port === to.port) return answer;
    }
  } catch {
    return undefined;
  }
}

/** Wait until that holds; a test that waits in vain fails. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < PATIENCE_MS / 10; tries += 1) {
    if (await holds()) return;
    await sleep(10);
  }
  throw new Error(`it never came true that ${what}`);
}
