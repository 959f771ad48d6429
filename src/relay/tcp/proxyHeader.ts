/** The header of the PROXY protocol, version 2: who the client is and what it dialled. */
import type { SocketAddress } from '../native/socketAddress.ts';

const SIGNATURE = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** Version 2, a connection on behalf of somebody. */
const PROXY = 0x21;
/** TCP over IPv4, over IPv6. */
const TCP = { 4: 0x11, 6: 0x21 } as const;

/** Both addresses are of one family. https://www.haproxy.org/download/2.6/doc/proxy-protocol.txt */
export function proxyHeader(client: SocketAddress, dialled: SocketAddress): Uint8Array {
  const length = client.ip.length * 2 + 4;
  return Uint8Array.from([
    ...[...SIGNATURE, PROXY, TCP[client.family], length >> 8, length & 0xff],
    ...[...client.ip, ...dialled.ip],
    ...[client.port >> 8, client.port & 0xff, dialled.port >> 8, dialled.port & 0xff],
  ]);
}
