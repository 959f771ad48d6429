/** A speaker as the lab holds it: asks go in, answers come out. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Ask, DialAsk, Outcome, Response, SocketAddress } from './messages.ts';
import { responseSchema } from './messages.ts';

const PROGRAM = fileURLToPath(new URL('speaker.ts', import.meta.url));

export interface Speaker {
  readonly member: string;
  /** Serve at these addresses, TCP or UDP. */
  listen(protocol: DialAsk['protocol'], at: readonly SocketAddress[]): Promise<void>;
  dial(ask: Omit<DialAsk, 'op'>): Promise<readonly Outcome[]>;
  /** An HTTP GET from inside the namespace. */
  fetch(url: string): Promise<{ readonly status: number; readonly body: string }>;
  /** Let it run on when this process ends. */
  leaveRunning(): Promise<void>;
  /** Ends the process. */
  stop(): void;
}

/** Start a speaker for `member` in `namespace`. */
export function startSpeaker(namespace: string, member: string): Speaker {
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, PROGRAM, member], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ask = conversation(child, member);
  return {
    member,
    listen: async (protocol, at) => {
      await ask({ op: 'listen', protocol, at: [...at] });
    },
    dial: async (what) => (await ask({ op: 'dial', ...what })).outcomes ?? [],
    fetch: async (url) => {
      const { http } = await ask({ op: 'fetch', url });
      if (http === undefined) throw new Error(`${member} sent no HTTP response for ${url}`);
      return http;
    },
    leaveRunning: async () => {
      await ask({ op: 'stay' });
      child.unref();
      child.stdin.destroy();
      child.stdout.destroy();
    },
    stop: () => {
      child.stdin.end();
    },
  };
}

type PipedChild = ChildProcess & {
  readonly stdin: NonNullable<ChildProcess['stdin']>;
  readonly stdout: NonNullable<ChildProcess['stdout']>;
};

/** Asks matched with their answers by number; all pending ones fail when the process ends. */
function conversation(child: PipedChild, member: string): (ask: Ask) => Promise<Response> {
  const pending = new Map<number, PromiseWithResolvers<Response>>();
  let last = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const response = responseSchema.parse(JSON.parse(line));
    const waiting = pending.get(response.id);
    pending.delete(response.id);
    if (response.failure === undefined) waiting?.resolve(response);
    else waiting?.reject(new Error(`${member}: ${response.failure}`));
  });
  child.on('exit', (code) => {
    const error = new Error(`the speaker of ${member} ended with exit code ${String(code)}`);
    for (const waiting of pending.values()) waiting.reject(error);
    pending.clear();
  });
  return (ask) => {
    last += 1;
    const waiting = Promise.withResolvers<Response>();
    pending.set(last, waiting);
    child.stdin.write(JSON.stringify({ id: last, ask }) + '\n');
    return waiting.promise;
  };
}
