/** A server that gives back what it gets, TCP and UDP; says `ready` once it does. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';

const port = Number(process.argv[2]);

const tcp = createServer({ noDelay: true }, (socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}).listen(port);
const udp = createSocket('udp4', (message, from) => {
  udp.send(message, from.port, from.address);
}).bind(port);
await Promise.all([once(tcp, 'listening'), once(udp, 'listening')]);
console.log('ready');
