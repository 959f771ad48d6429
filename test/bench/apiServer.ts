/** The fake API server as a process of its own, in the node's namespace. */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { directoryOf } from '../lab/namespaces.ts';
import type { Site } from './site.ts';

const PROGRAM = fileURLToPath(new URL('../support/fakeApiServerMain.ts', import.meta.url));

export const NODE_NAME = 'node-1';
export const ENDPOINTS = 3;

export interface ApiServer {
  /** Path of a kubeconfig that leads to it. */
  readonly kubeconfig: string;
  /** Give the first endpoint of a Service another address; resolves when it was sent. */
  moveEndpoint(service: number, address: string): Promise<void>;
}

/** Resolves when it serves; it ends with the site. */
export async function startApiServer(site: Site, services: number): Promise<ApiServer> {
  const size = ['--services', String(services), '--endpoints', String(ENDPOINTS)];
  const command = [process.execPath, PROGRAM, ...size, '--node', NODE_NAME];
  const child = spawn('ip', ['netns', 'exec', site.namespace('node'), ...command], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function answer(): Promise<string> {
    const { done, value } = await lines.next();
    if (done === true) throw new Error('the fake API server has ended, see above');
    return value;
  }
  const kubeconfig = writeKubeconfig(site, await answer());
  // Answers come in the order of the commands.
  let last: Promise<unknown> = Promise.resolve();
  return {
    kubeconfig,
    async moveEndpoint(service, address) {
      child.stdin.write(`endpoint ${String(service)} ${address}\n`);
      last = last.then(answer);
      await last;
    },
  };
}

function writeKubeconfig(site: Site, server: string): string {
  const path = join(directoryOf(site.prefix), 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    clusters: [{ name: 'bench', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'bench', user: {} }],
  };
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(config));
  return path;
}
