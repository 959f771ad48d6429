/** A fake API server in a namespace of the lab, as whoever compares holds it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Lab } from '../lab/lab.ts';
import { directoryOf } from '../lab/namespaces.ts';
import type { KindedName, KindedObject } from './objects.ts';

const PROGRAM = join(import.meta.dirname, 'apiServerMain.ts');

export interface LabApiServer {
  /** Path of a kubeconfig that leads to it from its namespace. */
  readonly kubeconfig: string;
  /** Resolves when whoever watches was told. */
  put(object: KindedObject): Promise<void>;
  remove(name: KindedName): Promise<void>;
  stop(): Promise<void>;
}

/** Resolves when it serves so many other Services on 127.0.0.1 of the node. */
export async function startLabApiServer(
  lab: Lab,
  node: string,
  services: number,
): Promise<LabApiServer> {
  const command = ['netns', 'exec', lab.namespace(node), process.execPath, PROGRAM];
  const child = spawn('ip', [...command, String(services)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function answer(): Promise<string> {
    const { done, value } = await lines.next();
    if (done === true) throw new Error('the fake API server has ended, see above');
    return value;
  }
  const kubeconfig = writeKubeconfig(join(directoryOf(lab.prefix), node), await answer());
  // Answers come in the order of the objects.
  let last: Promise<unknown> = Promise.resolve();
  async function send(order: KindedObject | KindedName): Promise<void> {
    child.stdin.write(`${JSON.stringify(order)}\n`);
    last = last.then(answer);
    await last;
  }
  return {
    kubeconfig,
    put: send,
    remove: send,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

function writeKubeconfig(prefix: string, server: string): string {
  const path = `${prefix}.kubeconfig`;
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'lab',
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
    clusters: [{ name: 'lab', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'lab', user: {} }],
  };
  // JSON is YAML.
  writeFileSync(path, JSON.stringify(config));
  return path;
}
