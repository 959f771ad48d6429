/** One of the relay's worker threads as the main thread sees it: started again when it dies. */
import { Worker } from 'node:worker_threads';

import { write } from './native/libc.ts';
import { allocate } from './native/memory.ts';
import type { Changes } from './openTable.ts';
import type { FromWorker, ToWorker, WorkerStart } from './workerMessages.ts';
import type { Log } from '../observe/log.ts';

export interface ThreadContext {
  readonly log: Log;
  /** What a worker that starts anew must be told. */
  readonly everything: () => Changes;
  /** The worker ended, by a fault or not: its descriptors and counts are nobody's now. */
  readonly ended: (worker: number, byFault: boolean) => void;
}

export interface WorkerThread {
  /** Resolves when it serves, rejects when it ends before it ever does. */
  readonly ready: Promise<void>;
  /** Resolves when it follows; `id` grows from call to call. */
  follow(id: number, changes: Changes): Promise<void>;
  /** End it with all its connections. */
  stop(): Promise<void>;
}

const FIRST_RESTART_MS = 10;
const LAST_RESTART_MS = 5000;
/** One that lasted that long may start again at once. */
const SOUND_MS = 60_000;
/** For a worker that does not end by itself. */
const STOP_MS = 5000;

/**
 * Connections are short-lived garbage: with more room for it, 30 MB, a worker is no faster, and the
 * processor's cache has less left for the kernel.
 */
const YOUNG_MB = 6;

export function startThread(start: WorkerStart, context: ThreadContext): WorkerThread {
  const { everything } = context;
  const followers = createFollowers();
  const ready = Promise.withResolvers<undefined>();
  const ended = Promise.withResolvers<undefined>();
  const delays = createDelays();
  let thread: Worker | undefined;
  let isStopping = false;
  let timer: NodeJS.Timeout | undefined;

  function receive(message: FromWorker): void {
    switch (message.kind) {
      case 'ready':
        return ready.resolve(undefined);
      case 'followed':
        return followers.reached(message.id);
      case 'aside':
        return logAside(start, context, message);
      case 'warning':
        return warn(start, context, message);
    }
  }

  function exited(): void {
    thread = undefined;
    context.ended(start.worker, !isStopping);
    ready.reject(new Error('a worker of the relay ended before it served'));
    if (isStopping) ended.resolve(undefined);
    else timer = setTimeout(relaunch, delays.next());
  }

  function relaunch(): void {
    thread = launch(start, context, { receive, exited });
    delays.launched();
    const { lines, slots } = everything();
    send(thread, start.wakeFd, { kind: 'follow', id: followers.last(), lines, slots });
  }

  thread = launch(start, context, { receive, exited });
  delays.launched();
  return {
    ready: ready.promise,
    follow(id, { lines, slots }) {
      if (thread !== undefined) send(thread, start.wakeFd, { kind: 'follow', id, lines, slots });
      return followers.wait(id);
    },
    async stop() {
      isStopping = true;
      clearTimeout(timer);
      if (thread === undefined) return;
      send(thread, start.wakeFd, { kind: 'stop' });
      const impatience = setTimeout(() => void thread?.terminate(), STOP_MS);
      await ended.promise;
      clearTimeout(impatience);
    },
  };
}

interface Handlers {
  receive(message: FromWorker): void;
  exited(): void;
}

function launch(start: WorkerStart, { log }: ThreadContext, { receive, exited }: Handlers): Worker {
  const { worker } = start;
  const url = new URL('./worker.ts', import.meta.url);
  const thread = new Worker(url, {
    workerData: start,
    name: `relay-${worker}`,
    resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
  });
  thread.on('message', receive);
  thread.on('error', (error) =>
    log.error('a worker of the relay failed', { worker, error: String(error) }),
  );
  thread.once('exit', exited);
  return thread;
}

function warn(
  { worker }: WorkerStart,
  { log }: ThreadContext,
  { message, error }: { readonly message: string; readonly error: string },
): void {
  log.warn(message, { worker, error });
}

/** A Service may have a thousand. */
const MOST_NAMED = 10;

function logAside(
  { worker }: WorkerStart,
  { log }: ThreadContext,
  { service, endpoints }: { readonly service: string; readonly endpoints: readonly string[] },
): void {
  const named = endpoints.slice(0, MOST_NAMED).join(' ');
  if (endpoints.length === 0) log.info('all endpoints are back', { service, worker });
  else
    log.info('endpoints set aside', { service, worker, count: endpoints.length, endpoints: named });
}

const ONE = allocate(8);
ONE.bytes[0] = 1;

function send(thread: Worker, wakeFd: number, message: ToWorker): void {
  thread.postMessage(message);
  write(wakeFd, ONE.address, 8);
}

interface Delays {
  launched(): void;
  /** How long to wait before it is launched again, in milliseconds. */
  next(): number;
}

function createDelays(): Delays {
  let delayMs = FIRST_RESTART_MS;
  let launchedAt = 0;
  return {
    launched() {
      launchedAt = performance.now();
    },
    next() {
      if (performance.now() - launchedAt > SOUND_MS) delayMs = FIRST_RESTART_MS;
      const now = delayMs;
      delayMs = Math.min(LAST_RESTART_MS, delayMs * 2);
      return now;
    },
  };
}

interface Followers {
  wait(id: number): Promise<void>;
  /** Everything up to that id is followed. */
  reached(id: number): void;
  /** The last id that is waited for. */
  last(): number;
}

function createFollowers(): Followers {
  const waiting = new Map<number, () => void>();
  let last = 0;
  return {
    wait(id) {
      last = id;
      return new Promise((resolve) => {
        waiting.set(id, resolve);
      });
    },
    reached(reached) {
      for (const [id, resolve] of waiting) {
        if (id > reached) return;
        waiting.delete(id);
        resolve();
      }
    },
    last: () => last,
  };
}
