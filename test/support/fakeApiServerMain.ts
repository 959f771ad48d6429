/**
 * The fake API server as a program, for benchmarks:
 *   node fakeApiServerMain.ts --port 0 --services 10000 --endpoints 3 --node node-1
 * Prints its URL, then obeys lines on standard input, answering each with one line:
 *   endpoint INDEX IP   the first endpoint of Service INDEX gets this address
 *   remove INDEX        Service INDEX and its slice go away
 *   add INDEX           they come back
 *   bookmark            every watch gets a bookmark
 *   requests            how many lists and watches there were
 * It ends when standard input does.
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { KINDS } from '../../src/watch/source.ts';
import { startFakeApiServer } from './fakeApiServer.ts';
import type { FakeApiServer } from './fakeApiServer.ts';
import { clusterNode, clusterService, clusterSlice } from './fakeApiServerCluster.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    services: { type: 'string', default: '1000' },
    endpoints: { type: 'string', default: '3' },
    node: { type: 'string', default: 'node-1' },
  },
});
const endpoints = Number(values.endpoints);
const server = await startFakeApiServer({
  port: Number(values.port),
  ignoresLimitForCachedLists: true,
});
server.put('Node', clusterNode(values.node));
for (let index = 0; index < Number(values.services); index += 1) add(server, index);
server.compact();
process.stdout.write(`${server.url}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${obey(server, line.trim().split(/\s+/))}\n`);
}
await server.close();

function add(to: FakeApiServer, index: number): void {
  to.put('Service', clusterService(index));
  to.put('EndpointSlice', clusterSlice(index, endpoints));
}

function obey(to: FakeApiServer, [command = '', argument, address]: readonly string[]): string {
  const index = Number(argument);
  const commands: Readonly<Record<string, () => void>> = {
    endpoint() {
      to.put('EndpointSlice', clusterSlice(index, endpoints, address));
    },
    add() {
      add(to, index);
    },
    remove() {
      to.remove('EndpointSlice', `bench/service-${String(index)}-x7k2p`);
      to.remove('Service', `bench/service-${String(index)}`);
    },
    bookmark() {
      for (const kind of KINDS) to.bookmark(kind);
    },
  };
  if (command === 'requests') {
    return `lists ${String(to.count('list'))} watches ${String(to.count('watch'))}`;
  }
  const run = commands[command];
  if (run === undefined) return 'expected endpoint, add, remove, bookmark or requests';
  run();
  return 'done';
}
