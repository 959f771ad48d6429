/** `fairway serve` and `fairway load` as processes in the lab. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request as startRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { TOKEN_HEADER } from '../../src/compare/load/probe.ts';
import { probeOver } from '../../src/compare/measure/probe.ts';
import type { Probe } from '../../src/compare/measure/probe.ts';
import type { Lab } from '../lab/lab.ts';
import { directoryOf } from '../lab/namespaces.ts';
import { SLOWNESS } from '../lab/slowness.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const CACHE = fileURLToPath(new URL('../../.cache/node', import.meta.url));
/** It reaches nobody but us, through a path that only root can open. */
const TOKEN = 'lab';
const PATIENCE_MS = 15_000 * SLOWNESS;

function startInside(lab: Lab, member: string, args: readonly string[]): ChildProcess {
  return spawn('ip', ['netns', 'exec', lab.namespace(member), process.execPath, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { NODE_COMPILE_CACHE: CACHE, ...process.env, FAIRWAY_TOKEN: TOKEN },
  });
}

export interface LabServer {
  /** At once, without a word to its clients. */
  kill(): Promise<void>;
}

/** Resolves when it serves; `flags` of `fairway serve` come behind its name, the pod's. */
export async function startServer(
  lab: Lab,
  pod: string,
  flags: readonly string[] = [],
): Promise<LabServer> {
  const child = startInside(lab, pod, ['serve', '--name', pod, ...flags]);
  const first = child.stdout === null ? [] : once(child.stdout, 'data');
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${pod} does not serve`)));
  await Promise.race([first, ended]);
  // From here on its end is ours to want.
  ended.catch(() => undefined);
  return {
    kill: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
  };
}

/** Resolves when it takes orders; it ends with the lab. */
export async function startLabProbe(lab: Lab, member: string): Promise<Probe> {
  const socketPath = join(directoryOf(lab.prefix), `probe-${member}`);
  startInside(lab, member, ['load', '--listen', socketPath]).unref();
  const deadline = performance.now() + PATIENCE_MS;
  while (!existsSync(socketPath)) {
    if (performance.now() > deadline) throw new Error(`${member} takes no orders`);
    await wait(10);
  }
  return probeOver(async (path, order) => {
    const headers = { [TOKEN_HEADER]: TOKEN };
    const request = startRequest({ socketPath, path, method: 'POST', headers });
    request.end(order);
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    const body = await text(answer);
    if (answer.statusCode !== 200) throw new Error(`${member}, ${path}: ${body}`);
    return body;
  });
}
