/** Clients that go on for a given time, and what came of their requests. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import type { Lab } from '../lab/lab.ts';
import { HTTP_PORT, UDP_PORT, VIPS } from './objects.ts';

export interface LoadResult {
  readonly what: string;
  readonly requests: number;
  readonly failed: number;
}

const CONNECTIONS = 16;

/** One request a connection, from the pod `from`. */
export function newConnections(lab: Lab, from: string, seconds: number): Promise<LoadResult> {
  return wrk(lab, { what: 'new connections', from, seconds, headers: ['Connection: close'] });
}

/** Many requests over few connections. */
export function keepAlive(lab: Lab, from: string, seconds: number): Promise<LoadResult> {
  return wrk(lab, { what: 'keep-alive', from, seconds, headers: [] });
}

interface WrkRun {
  readonly what: string;
  readonly from: string;
  readonly seconds: number;
  readonly headers: readonly string[];
}

async function wrk(lab: Lab, { what, from, seconds, headers }: WrkRun): Promise<LoadResult> {
  const args = ['-t1', `-c${String(CONNECTIONS)}`, `-d${String(seconds)}s`, '--timeout', '30s'];
  const url = `http://${VIPS.web}:${String(HTTP_PORT)}/`;
  const command = ['wrk', ...args, ...headers.flatMap((header) => ['-H', header]), url];
  const child = spawn('ip', ['netns', 'exec', lab.namespace(from), ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = await text(child.stdout);
  const requests = Number(/^ +(\d+) requests in/m.exec(output)?.[1] ?? NaN);
  const errors = /^ *Socket errors: (.*)$/m.exec(output)?.[1] ?? '';
  const bad = /^ *Non-2xx or 3xx responses: (\d+)$/m.exec(output)?.[1] ?? '0';
  const failed = [...errors.matchAll(/\d+/g)].reduce((sum, [count]) => sum + Number(count), 0);
  if (!Number.isFinite(requests)) throw new Error(`wrk said:\n${output}`);
  return { what, requests, failed: failed + Number(bad) };
}

const BURST = 20;
const PAUSE_MS = 100;

/** Datagrams from ever new sockets. */
export async function datagrams(lab: Lab, from: string, seconds: number): Promise<LoadResult> {
  const end = performance.now() + seconds * 1000;
  let [requests, failed] = [0, 0];
  while (performance.now() < end) {
    const outcomes = await lab.speaker(from).dial({
      protocol: 'UDP',
      to: { address: VIPS.dns, port: UDP_PORT },
      times: BURST,
      timeoutMs: 2000,
    });
    requests += outcomes.length;
    failed += outcomes.filter(({ kind }) => kind !== 'answer').length;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return { what: 'datagrams', requests, failed };
}
