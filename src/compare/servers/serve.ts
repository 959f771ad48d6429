/** The servers that loads are sent to: HTTP, TCP echo, an endless source, UDP echo. */
import { createSocket } from 'node:dgram';
import type { Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { plainAddress, printGreeting } from './greeting.ts';
import type { ServePorts } from './ports.ts';

export interface ServeOptions {
  /** Who this is, as clients are told. */
  readonly name: string;
  /** The address to listen at; `::` for all of both families. */
  readonly address: string;
  readonly ports: ServePorts;
}

export interface Servers {
  /** Those that were bound. */
  readonly ports: ServePorts;
  close(): Promise<void>;
}

/** A client that goes away mid-way is usual here, and no reason to end. */
function forgive(socket: Socket): void {
  socket.on('error', () => socket.destroy());
}

/** Rejects when a port cannot be bound. */
export async function startServers(options: ServeOptions): Promise<Servers> {
  const { address, ports } = options;
  const tcp = { http: httpServer(options), tcp: echoServer(options), bulk: bulkServer() };
  const sockets = new Set<Socket>();
  const udp = udpServer(address);
  async function close(): Promise<void> {
    for (const socket of sockets) socket.destroy();
    await Promise.all([
      ...Object.values(tcp).map((server) => new Promise((done) => server.close(done))),
      new Promise<void>((done) => udp.close(done)),
    ]);
  }
  for (const server of Object.values(tcp)) {
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
      socket.setNoDelay(true);
    });
  }
  try {
    return {
      ports: {
        http: await bind(tcp.http, address, ports.http),
        tcp: await bind(tcp.tcp, address, ports.tcp),
        bulk: await bind(tcp.bulk, address, ports.bulk),
        udp: await bindUdp(udp, address, ports.udp),
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** As many as a flood of new connections may leave waiting. */
const BACKLOG = 4096;

async function bind(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port, backlog: BACKLOG });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function bindUdp(socket: UdpSocket, address: string, port: number): Promise<number> {
  socket.bind({ address, port });
  await once(socket, 'listening');
  return socket.address().port;
}

/** Whatever is asked, the greeting; small, so that the way to here is what is measured. */
function httpServer({ name }: ServeOptions): Server {
  const server = createHttpServer((request, response) => {
    const client = plainAddress(request.socket.remoteAddress);
    const body = printGreeting({ server: name, client });
    response.writeHead(200, {
      'Content-Type': 'text/plain',
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(body);
    request.resume();
  });
  server.keepAliveTimeout = 60_000;
  return server;
}

function echoServer({ name }: ServeOptions): Server {
  return createServer((socket) => {
    forgive(socket);
    socket.write(printGreeting({ server: name, client: plainAddress(socket.remoteAddress) }));
    socket.pipe(socket);
  });
}

const BLOCK = Buffer.alloc(256 * 1024);

function bulkServer(): Server {
  return createServer((socket) => {
    forgive(socket);
    socket.resume();
    function pour(): void {
      while (!socket.destroyed && socket.write(BLOCK));
    }
    socket.on('drain', pour);
    pour();
  });
}

function udpServer(address: string): UdpSocket {
  const socket = createSocket({ type: address.includes(':') ? 'udp6' : 'udp4' });
  socket.on('message', (message, from) => {
    // What cannot be sent back is lost, as datagrams may be; the client counts it.
    socket.send(message, from.port, from.address, () => undefined);
  });
  return socket;
}
