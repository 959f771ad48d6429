/** Clients and servers that show what a change on the node does to traffic. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Lab } from '../../lab/lab.ts';
import { SLOWNESS } from '../../lab/slowness.ts';

export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export interface LoadOptions {
  readonly targets: readonly Target[];
  /** Milliseconds between new connections; a stream speaks at every fourth. */
  readonly paceMs: number;
  /** Without an answer for so long something has failed. A SYN is sent again after 1 and 3 s. */
  readonly patienceMs: number;
}

export interface LoadResult {
  readonly target: string;
  /** Why streams broke, one of them each. */
  readonly broken: readonly string[];
  /** That came back through streams. */
  readonly bytes: number;
  /** New connections, and requests from new sockets. */
  readonly tcp: number;
  readonly udp: number;
  readonly failures: readonly string[];
  /** Datagrams that had to be sent once more. */
  readonly resent: number;
  readonly slowestMs: number;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

interface Started {
  readonly child: Child;
  readonly lines: AsyncIterator<string>;
}

/** A program of this folder in the namespace of a member; resolves when it says that it is ready. */
async function start(lab: Lab, member: string, args: readonly string[]): Promise<Started> {
  const [file = '', ...rest] = args;
  const main = fileURLToPath(new URL(file, import.meta.url));
  const command = ['netns', 'exec', lab.namespace(member), process.execPath, main, ...rest];
  const child = spawn('ip', command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value } = (await lines.next()) as { value: string | undefined };
  if (value !== 'ready') throw new Error(`${file} in ${member} said ${String(value)}`);
  return { child, lines };
}

export interface Echo {
  stop(): void;
}

/** A server at the address of a pod, TCP and UDP. */
export async function startEcho(lab: Lab, member: string, port: number): Promise<Echo> {
  const { child } = await start(lab, member, ['echoMain.ts', String(port)]);
  return { stop: () => child.kill('SIGKILL') };
}

export interface Load {
  /** End it and say what became of it. */
  finish(): Promise<readonly LoadResult[]>;
  stop(): void;
}

/** Clients of a member, one for each target. */
export async function startLoad(
  lab: Lab,
  member: string,
  targets: readonly Target[],
): Promise<Load> {
  const options: LoadOptions = {
    targets,
    paceMs: 5 * SLOWNESS,
    patienceMs: 12_000 * SLOWNESS,
  };
  const { child, lines } = await start(lab, member, ['loadMain.ts', JSON.stringify(options)]);
  return {
    async finish() {
      child.stdin.end();
      const { value } = (await lines.next()) as { value: string | undefined };
      if (value === undefined) throw new Error(`the load of ${member} ended without a result`);
      return JSON.parse(value) as readonly LoadResult[];
    },
    stop: () => child.kill('SIGKILL'),
  };
}

/** No stream broken, no new connection failed; and they had something to do. */
export function assertUnharmed(results: readonly LoadResult[], t: TestContext): void {
  t.diagnostic(results.map(describeLoad).join('; '));
  for (const { target, broken, failures, tcp, bytes } of results) {
    const found = { target, broken, failures: failures.slice(0, 5) };
    assert.deepEqual(found, { target, broken: [], failures: [] });
    assert.ok(
      tcp > 10 && bytes > 100,
      `${target}: ${String(tcp)} connections, ${String(bytes)} bytes`,
    );
  }
}

function describeLoad({ target, tcp, udp, resent, slowestMs }: LoadResult): string {
  const connections = `${String(tcp)} connections, slowest ${String(slowestMs)} ms`;
  return `${target}: ${connections}, ${String(udp)} requests, ${String(resent)} sent again`;
}
