/** Profiles of the running agent, behind --profiling, at the paths where Go programs have theirs. */
import type { HeapProfiler, Profiler } from 'node:inspector';
import type { Session } from 'node:inspector/promises';

import { textAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Handler, Request, Routes } from './routes.ts';

/** What takes the profiles: V8, or a test. */
export interface ProfilerOfProcess {
  /** Both until the time is over or the signal fires. */
  cpu(ms: number, signal: AbortSignal): Promise<Profiler.Profile>;
  heap(ms: number, signal: AbortSignal): Promise<HeapProfiler.SamplingHeapProfile>;
}

const DEFAULT_SECONDS = 30;
const MOST_SECONDS = 120;

const INDEX = `Profiles of this process, of its main thread only.

/debug/pprof/profile?seconds=N  where processor time goes, for N seconds (30; at most 120)
/debug/pprof/heap?seconds=N     what is allocated meanwhile and still there at the end
/debug/pprof/heapsnapshot       everything on the heap; stops the agent for seconds, doubles its memory
/debug/pprof/cmdline            the command line, words ended by a zero byte

Save the first under a name ending in .cpuprofile, the second in .heapprofile, the third in
.heapsnapshot, and open it in the DevTools of a Chromium (Performance, Memory) or in VS Code.
One at a time.
`;

/** `argv` is that of the process. */
export function profilingRoutes(argv: readonly string[], profiler: ProfilerOfProcess): Routes {
  let isBusy = false;

  async function alone(take: () => Promise<Answer>): Promise<Answer> {
    if (isBusy) return BUSY;
    isBusy = true;
    try {
      return await take();
    } finally {
      isBusy = false;
    }
  }

  function timed(take: (ms: number, signal: AbortSignal) => Promise<object>): Handler {
    return async ({ query, gone }) => {
      const seconds = secondsOf(query);
      if (seconds === undefined) {
        return textAnswer(400, `seconds: expected a number from 1 to ${String(MOST_SECONDS)}\n`);
      }
      return alone(async () => download(JSON.stringify(await take(seconds * 1000, gone))));
    };
  }

  /** Busy until the client has it: it is as large as the heap. */
  async function snapshot(): Promise<Answer> {
    if (isBusy) return BUSY;
    isBusy = true;
    const { getHeapSnapshot } = await import('node:v8');
    const stream = getHeapSnapshot();
    stream.once('close', () => {
      isBusy = false;
    });
    return download(stream);
  }

  const index: Handler = () => textAnswer(200, INDEX);
  return new Map<string, Handler>([
    ['GET /debug/pprof', index],
    ['GET /debug/pprof/', index],
    ['GET /debug/pprof/cmdline', () => textAnswer(200, argv.join('\0'))],
    ['GET /debug/pprof/profile', timed(profiler.cpu)],
    ['GET /debug/pprof/heap', timed(profiler.heap)],
    ['GET /debug/pprof/heapsnapshot', snapshot],
  ]);
}

const BUSY = textAnswer(503, 'another profile is being taken, try again later\n');

function secondsOf(query: Request['query']): number | undefined {
  const text = query.get('seconds') ?? String(DEFAULT_SECONDS);
  const seconds = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  return seconds >= 1 && seconds <= MOST_SECONDS ? seconds : undefined;
}

function download(body: Answer['body']): Answer {
  const headers = { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' };
  return { status: 200, headers, body };
}

/** V8's own, over the inspector; nothing listens on any port for it. */
export function v8Profiler(): ProfilerOfProcess {
  return {
    cpu: (ms, signal) =>
      inSession(async (session) => {
        await session.post('Profiler.enable');
        await session.post('Profiler.start');
        await passed(ms, signal);
        return (await session.post('Profiler.stop')).profile;
      }),
    heap: (ms, signal) =>
      inSession(async (session) => {
        await session.post('HeapProfiler.startSampling');
        await passed(ms, signal);
        return (await session.post('HeapProfiler.stopSampling')).profile;
      }),
  };
}

async function inSession<T>(use: (session: Session) => Promise<T>): Promise<T> {
  // Loaded only now: most agents never need it, and it takes 2 MB.
  const inspector = await import('node:inspector/promises');
  const session = new inspector.Session();
  session.connect();
  try {
    return await use(session);
  } finally {
    session.disconnect();
  }
}

function passed(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
