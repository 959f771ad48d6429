/** Servers that say who they are and whom they see. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { SocketAddress, TrafficProtocol } from './messages.ts';

const bound = new Set<string>();

/** Listen at an address, once; asking again for the same one does nothing. */
export async function serve(
  member: string,
  protocol: TrafficProtocol,
  at: SocketAddress,
): Promise<void> {
  const key = `${protocol} ${at.address} ${String(at.port)}`;
  if (bound.has(key)) return;
  bound.add(key);
  await (protocol === 'TCP' ? serveTcp(member, at) : serveUdp(member, at));
}

async function serveTcp(member: string, at: SocketAddress): Promise<void> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    const source = {
      address: plain(socket.remoteAddress),
      port: socket.remotePort ?? 0,
    };
    const reached = {
      address: plain(socket.localAddress),
      port: socket.localPort ?? 0,
    };
    const text = JSON.stringify({ member, at: reached, source });
    // An HTTP response to whatever is sent, if anything, so that curl can be used by hand.
    socket.resume();
    socket.end(`HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n${text}\n`);
  });
  server.listen(at.port, at.address);
  await once(server, 'listening');
}

/** Each address needs a socket of its own: a wildcard socket may answer from another address. */
async function serveUdp(member: string, at: SocketAddress): Promise<void> {
  const socket = createSocket(at.address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (_message, from: AddressInfo) => {
    const source = { address: from.address, port: from.port };
    socket.send(JSON.stringify({ member, at, source }), from.port, from.address);
  });
  socket.bind({ address: at.address, port: at.port });
  await once(socket, 'listening');
}

/** A dual-stack socket shows IPv4 addresses as `::ffff:192.0.2.1`. */
function plain(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}
