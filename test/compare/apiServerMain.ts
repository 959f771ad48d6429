/**
 * The fake API server as a program for comparisons: `node apiServerMain.ts COUNT` has so many other
 * Services, prints its URL, and takes `[kind, object]`, or `[kind, namespace/name]` to remove one, as
 * one line of JSON each on standard input, answering each with a line. It ends when standard input
 * does.
 */
import { createInterface } from 'node:readline';
import { startFakeApiServer } from '../support/fakeApiServer.ts';
import { clusterService, clusterSlice } from '../support/fakeApiServerCluster.ts';
import type { KindedName, KindedObject } from './objects.ts';

/** Endpoints of each other Service. */
const ENDPOINTS = 3;

const server = await startFakeApiServer({ ignoresLimitForCachedLists: true });
for (let index = 0; index < Number(process.argv[2] ?? 0); index += 1) {
  server.put('Service', clusterService(index));
  server.put('EndpointSlice', clusterSlice(index, ENDPOINTS));
}
server.compact();
process.stdout.write(`${server.url}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  // Whoever writes is of the same checkout.
  const [kind, object] = JSON.parse(line) as KindedObject | KindedName;
  if (typeof object === 'string') server.remove(kind, object);
  else server.put(kind, object);
  process.stdout.write('done\n');
}
await server.close();
