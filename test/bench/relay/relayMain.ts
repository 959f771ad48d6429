/** A relay of one worker by itself: the table comes from stdin, and it ends on SIGTERM. */
import { text } from 'node:stream/consumers';
import { openRelay } from '../../../src/relay/open.ts';

function report(message: string, fields: object = {}): void {
  console.error(message, fields);
}

const relay = await openRelay({
  ports: { first: Number(process.argv[2]), last: Number(process.argv[2]) },
  families: [4],
  workers: 1,
  dialTimeoutsMs: [250, 500, 1000, 2000],
  idleTimeoutMs: undefined,
  maxConnections: undefined,
  fileLimit: undefined,
  log: { error: report, warn: report, info: report, debug: report },
});
process.once('SIGTERM', () => void relay.close());
await relay.apply(await text(process.stdin));
