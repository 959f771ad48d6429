/** The relay's TCP side in the lab of relayUdp: sockets of every place, in one process. */
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { Server, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EINPROGRESS,
  SOCK_STREAM,
  SOL_SOCKET,
  SO_REUSEADDR,
} from '../../../src/relay/native/constants.ts';
import { close, connect, errno, listen } from '../../../src/relay/native/libc.ts';
import { allocate } from '../../../src/relay/native/memory.ts';
import {
  SOCKET_ADDRESS_BYTES,
  parseSocketAddress,
  writeSocketAddress,
} from '../../../src/relay/native/socketAddress.ts';
import { bindSocket, openSocket, setInt } from '../../../src/relay/native/sockets.ts';
import { systemError } from '../../../src/relay/native/systemError.ts';
import { openRelay } from '../../../src/relay/open.ts';
import type { RelayOptions } from '../../../src/relay/open.ts';
import type { Relay, ServiceCounts } from '../../../src/relay/relay.ts';
import { NODE_PORT, inside, run } from '../relayUdp/lab.ts';
import type { Place } from '../relayUdp/lab.ts';

const WEB = 'default/web:http/TCP/4';
export const WEB6 = 'default/web:http/TCP/6';

const opened = new Set<Socket | Server>();

function track<T extends Socket | Server>(socket: T): T {
  opened.add(socket);
  socket.once('close', () => opened.delete(socket));
  return socket;
}

/** Close whatever a test has left open; resolves when it is. */
export async function closeSockets(): Promise<void> {
  const closed = [...opened].map((socket) => once(socket, 'close'));
  for (const socket of opened) {
    if (socket instanceof Server) socket.close();
    else socket.destroy();
  }
  await Promise.all(closed);
}

/** A server at `ip:port` or `[ip]:port` where endpoints are. Sockets it accepts are half-open. */
export function serve(address: string, handle: (socket: Socket) => void): Server {
  const server = track(new Server({ allowHalfOpen: true }));
  server.on('connection', (socket) => {
    track(socket).on('error', () => undefined);
    handle(socket);
  });
  const socketAddress = parseSocketAddress(address);
  const fd = inside('ends', () => openSocket(socketAddress.family, SOCK_STREAM));
  setInt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  bindSocket(fd, socketAddress);
  listen(fd, 1024);
  return server.listen({ fd });
}

/** Says its name to everybody and closes. */
export function serveNamed(address: string): Server {
  return serve(address, (socket) => socket.on('data', () => socket.end(address)));
}

/** A socket that is connected to `ip:port`, from that place or address. Rejects with a SystemError. */
export async function dial(
  address: string,
  from: Place = 'client',
  source?: string,
): Promise<Socket> {
  const socketAddress = parseSocketAddress(address);
  const fd = inside(from, () => openSocket(socketAddress.family, SOCK_STREAM));
  if (source !== undefined) bindSocket(fd, parseSocketAddress(`${source}:0`));
  const name = allocate(SOCKET_ADDRESS_BYTES);
  const length = writeSocketAddress(name, 0, socketAddress);
  // Node does not read from a socket that it was given before it was connected.
  while (connect(fd, name.address, length) === -1 && errno() !== EISCONN) {
    const number = errno();
    if (number !== EINPROGRESS && number !== EALREADY) {
      close(fd);
      throw systemError('connect', address, number);
    }
    await sleep(1);
  }
  return track(new Socket({ fd, readable: true, writable: true, allowHalfOpen: true }));
}

const EISCONN = 106;
const EALREADY = 114;

/** All that comes back for a request, up to the end; rejects with the connection's error. */
export async function ask(address: string, request = 'x', from: Place = 'client'): Promise<string> {
  const socket = await dial(address, from);
  socket.end(request);
  return readAll(socket);
}

/** What comes until the end; the socket can still be written to. */
export function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    socket.once('end', () => resolve(Buffer.concat(chunks).toString()));
    socket.once('error', reject);
  });
}

/** `ECONNRESET` and the like; undefined when the connection ends in peace. */
export async function failureOf(answer: Promise<unknown>): Promise<string | undefined> {
  try {
    await answer;
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}

/** Rules that hand connections over to the relay at that port, and to no other. */
async function pointRulesAt(port: number): Promise<void> {
  for (const [program, range, outside, inner] of [
    ['iptables-restore', '10.96.0.0/24', '192.0.0.8', '192.0.0.9'],
    ['ip6tables-restore', 'fd00:96::/112', '100::8', '100::9'],
  ] as const) {
    const node = `-p tcp --syn --dport ${NODE_PORT} -m addrtype --dst-type LOCAL`;
    const lines = [`-p tcp --syn -d ${range}`, node].flatMap((match) => [
      `-A PREROUTING ${match} -i lo -j TPROXY --on-ip ${inner} --on-port ${port}`,
      `-A PREROUTING ${match} -j TPROXY --on-ip ${outside} --on-port ${port}`,
    ]);
    const table = ['*mangle', ':PREROUTING ACCEPT', ...lines, 'COMMIT', ''].join('\n');
    await run('node', [program], table);
  }
}

export interface TestRelay extends Relay {
  /** What it logged of trouble; an endpoint that is set aside is none. */
  readonly logged: string[];
  count(service?: string): ServiceCounts;
}

/** A relay on the node that follows the lines, and to which the rules point then. */
export async function startRelay(
  options: Partial<RelayOptions> = {},
  lines = '',
): Promise<TestRelay> {
  const logged: string[] = [];
  const write = (message: string, fields: object = {}): void => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
  };
  const relay = await inside('node', () =>
    openRelay({
      ports: { first: 10_300, last: 10_315 },
      families: [4, 6],
      workers: 1,
      dialTimeoutsMs: [250, 500, 1000, 2000],
      idleTimeoutMs: undefined,
      maxConnections: undefined,
      fileLimit: undefined,
      log: { error: write, warn: write, info: () => undefined, debug: write },
      ...options,
    }),
  );
  await relay.apply(lines);
  await pointRulesAt(relay.port);
  return {
    ...relay,
    logged,
    count(service = WEB) {
      const counts = relay.counts().services.get(service);
      if (counts === undefined) throw new Error(`the relay counts nothing of ${service}`);
      return counts;
    },
  };
}

export interface ServiceText {
  readonly cluster?: readonly string[];
  readonly local?: readonly string[];
  readonly settings?: string;
  readonly proxyProtocol?: '2';
}

/** The line of a Service whose endpoints are at port 8080. */
export function web({ cluster = [], local = [], settings, proxyProtocol }: ServiceText): string {
  const [c, l] = [cluster, local].map((ends) => ends.join(',') || '-') as [string, string];
  const all = settings ?? 'balancing=round-robin affinity=- limit=-';
  return `service ${WEB} ${all} proxy-protocol=${proxyProtocol ?? '-'} cluster=${c} local=${l} ending=-`;
}

export function destination(address: string, rest = 'inside=cluster outside=cluster'): string {
  return `destination TCP/4 ${address} service=${WEB} ${rest}`;
}

export function openFiles(): number {
  return readdirSync('/proc/self/fd').length;
}
