/**
 * A fake API server with TLS and a token, as a program, to run inside of a node's network namespace:
 *   node apiServerMain.ts PORT TOKEN
 * Prints its URL, then obeys lines of JSON on standard input, answering each with one line:
 *   {"put": [KIND, OBJECT]}   {"remove": [KIND, NAME]}
 *   {"token": TOKEN}          only this one is accepted from now on, and all watches end
 *   {"report": true}          what was asked so far: ["list services", …], and how many Events came
 * It ends when standard input does.
 */
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { KINDS } from '../../../../src/watch/source.ts';
import { startFakeApiServer } from '../../../support/fakeApiServer.ts';
import type { FakeApiServer } from '../../../support/fakeApiServer.ts';
import type { FakeObject } from '../../../support/fakeApiServerStore.ts';

const kind = z.enum(KINDS);

const command = z.union([
  z.strictObject({ put: z.tuple([kind, z.custom<FakeObject>()]) }),
  z.strictObject({ remove: z.tuple([kind, z.string()]) }),
  z.strictObject({ token: z.string() }),
  z.strictObject({ report: z.literal(true) }),
]);

const [, , port, token = ''] = process.argv;
const server = await startFakeApiServer({ port: Number(port), tls: true, tokens: [token] });
process.stdout.write(`${server.url}\n`);
for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(obey(server, command.parse(JSON.parse(line))))}\n`);
}
await server.close();

function obey(to: FakeApiServer, asked: z.output<typeof command>): unknown {
  if ('put' in asked) to.put(...asked.put);
  else if ('remove' in asked) to.remove(...asked.remove);
  else if ('token' in asked) {
    to.acceptTokens([asked.token]);
    for (const each of KINDS) to.watches.disconnect(each);
  } else {
    const requests = to.requests.map(({ verb, path }) => `${verb} ${resourceOf(path)}`);
    return { requests: [...new Set(requests)].sort(), events: to.events.length };
  }
  return 'done';
}

/** `/apis/GROUP/v1/…/RESOURCE` as `GROUP/RESOURCE`. */
function resourceOf(path: string): string {
  const [, group] = /^\/apis\/([\w.]+)\//.exec(path) ?? [];
  const resource = path.split('/').at(-1) ?? '';
  return group === undefined ? resource : `${group}/${resource}`;
}
