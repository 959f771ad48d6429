/** Pods of a fake cluster as processes in the lab: each in the namespace of a member. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { request as startRequest } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Lab } from '../../lab/lab.ts';
import { directoryOf } from '../../lab/namespaces.ts';
import { memberNamed } from '../../lab/topology.ts';

const MAIN = fileURLToPath(new URL('../../../src/main.ts', import.meta.url));
const CACHE = fileURLToPath(new URL('../../../.cache/node', import.meta.url));

const podSchema = z.looseObject({
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({
    nodeName: z.enum(['node1', 'node2']),
    hostNetwork: z.boolean(),
    containers: z
      .array(
        z.looseObject({
          args: z.array(z.string()),
          env: z.array(z.object({ name: z.string(), value: z.string() })),
        }),
      )
      .length(1),
  }),
});

export interface Answered {
  readonly status: number;
  readonly body: string;
}

export interface Kubelet {
  /** Resolves with the pod's address once it runs. */
  run(pod: unknown): Promise<string>;
  /** As the API server's proxy to the pod's port. */
  proxy(pod: string, path: string, request: IncomingMessage): Promise<Answered>;
  end(pod: string): Promise<void>;
  running(): readonly string[];
}

export function kubelet(lab: Lab): Kubelet {
  const processes = new Map<string, ChildProcess>();
  function socketOf(pod: string): string {
    return join(directoryOf(lab.prefix), pod);
  }
  return {
    async run(pod) {
      const { metadata, spec } = podSchema.parse(pod);
      const [container] = spec.containers;
      const member = memberOf(metadata.name, spec.nodeName, spec.hostNetwork);
      // Across namespaces only a path can be reached.
      const args = (container?.args ?? []).map((word) =>
        word === '[::]:17070' ? socketOf(metadata.name) : word,
      );
      const command = ['netns', 'exec', lab.namespace(member), process.execPath, MAIN, ...args];
      const own = (container?.env ?? []).map(({ name, value }) => [name, value] as const);
      const given: Record<string, string> = Object.fromEntries(own);
      const env = { NODE_COMPILE_CACHE: CACHE, ...process.env, ...given };
      const child = spawn('ip', command, { env, stdio: ['ignore', 'pipe', 'inherit'] });
      processes.set(metadata.name, child);
      const ended = once(child, 'exit').then(() => Promise.reject(new Error('the pod has ended')));
      await Promise.race([once(child.stdout, 'data'), ended]);
      ended.catch(() => undefined);
      return memberNamed(member).addresses[0];
    },
    async proxy(pod, path, incoming) {
      const { method = 'GET', headers } = incoming;
      const request = startRequest({ socketPath: socketOf(pod), path, method, headers });
      incoming.pipe(request);
      const [answer] = (await once(request, 'response')) as [IncomingMessage];
      return { status: answer.statusCode ?? 0, body: await text(answer) };
    },
    async end(pod) {
      const child = processes.get(pod);
      processes.delete(pod);
      // One that has ended by itself would be waited for without end.
      if (child?.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, 'exit');
      child.kill('SIGKILL');
      await exited;
    },
    running: () => [...processes.keys()],
  };
}

/** The lab has three pods on each node; one for the client, two for servers. */
function memberOf(pod: string, node: 'node1' | 'node2', isHostNetwork: boolean): string {
  if (isHostNetwork) return node;
  const number = node === 'node1' ? '1' : '2';
  if (pod.startsWith('probe-')) return `pod${number}a`;
  return `pod${number}${pod.endsWith('-0') ? 'b' : 'c'}`;
}
