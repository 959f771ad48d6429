/**
 * A headless Chromium, spoken to over its DevTools protocol: a page at a width, what it complains
 * about, a picture. https://chromedevtools.github.io/devtools-protocol/
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = 'chromium';
const FLAGS = [
  ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', '--no-first-run'],
  // Nothing of it shall ask the network.
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
  ...['--remote-debugging-port=0', 'about:blank'],
];
const PATIENCE_MS = 30_000;

/** Why no page can be looked at here; false where one can. */
export function whyNoBrowser(): string | false {
  const { error } = spawnSync(PROGRAM, ['--version']);
  return error === undefined ? false : `${PROGRAM} is not installed`;
}

export interface Look {
  readonly width: number;
  readonly scheme: 'light' | 'dark';
}

export interface Seen {
  /** Of everything that is on it, in pixels: more than the width if it runs out at the side. */
  readonly pageWidth: number;
  /** Errors and warnings of the console, requests that failed. */
  readonly complaints: readonly string[];
  /** A PNG of the whole page. */
  readonly picture: Buffer;
}

export interface Browser {
  look(url: string, how: Look): Promise<Seen>;
  close(): Promise<void>;
}

/** Resolves when it can be spoken to. */
export async function openBrowser(): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), 'fairway-chromium-'));
  const child = spawn(PROGRAM, [...FLAGS, `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  async function close(): Promise<void> {
    child.kill('SIGTERM');
    await exited;
    // Helpers of it may still write for a moment.
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  }
  try {
    const { port } = new URL(await endpointIn(child.stderr));
    return { look: (url, how) => look(Number(port), url, how), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function endpointIn(stderr: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stderr })) {
    const url = /^DevTools listening on (ws:\S+)$/.exec(line)?.[1];
    if (url === undefined) continue;
    stderr.resume();
    return url;
  }
  throw new Error(`${PROGRAM} ended before it could be spoken to`);
}

type Fields = Readonly<Record<string, unknown>>;

/** A page of its own, which is closed again. */
async function look(port: number, url: string, { width, scheme }: Look): Promise<Seen> {
  const made = await fetch(`http://127.0.0.1:${String(port)}/json/new`, { method: 'PUT' });
  const target = (await made.json()) as { id: string; webSocketDebuggerUrl: string };
  const page = await converse(target.webSocketDebuggerUrl);
  for (const domain of ['Page', 'Log', 'Runtime', 'Network']) await page.ask(`${domain}.enable`);
  await page.ask('Emulation.setDeviceMetricsOverride', {
    ...{ width, height: 900, deviceScaleFactor: 1, mobile: false },
  });
  const features = [{ name: 'prefers-color-scheme', value: scheme }];
  await page.ask('Emulation.setEmulatedMedia', { features });
  const loaded = page.event('Page.loadEventFired');
  await page.ask('Page.navigate', { url });
  await loaded;
  const expression = 'document.documentElement.scrollWidth';
  const evaluated = await page.ask('Runtime.evaluate', { expression });
  const { value } = evaluated['result'] as { value: number };
  const shot = await page.ask('Page.captureScreenshot', { captureBeyondViewport: true });
  const complaints = page.events.filter(isComplaint).map((event) => JSON.stringify(event));
  await fetch(`http://127.0.0.1:${String(port)}/json/close/${target.id}`);
  page.close();
  return { pageWidth: value, complaints, picture: Buffer.from(String(shot['data']), 'base64') };
}

interface PageEvent {
  readonly method: string;
  readonly params: Fields;
}

function isComplaint({ method, params }: PageEvent): boolean {
  if (method === 'Runtime.exceptionThrown' || method === 'Network.loadingFailed') return true;
  if (method === 'Runtime.consoleAPICalled') return params['type'] !== 'log';
  return method === 'Log.entryAdded';
}

interface Conversation {
  readonly events: readonly PageEvent[];
  ask(method: string, params?: Fields): Promise<Fields>;
  event(method: string): Promise<void>;
  close(): void;
}

async function converse(url: string): Promise<Conversation> {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  const events: PageEvent[] = [];
  const pending = new Map<number, PromiseWithResolvers<Fields>>();
  const waiting = new Map<string, () => void>();
  let last = 0;
  socket.addEventListener('message', ({ data }: MessageEvent) => {
    const message = JSON.parse(String(data)) as PageEvent & {
      id?: number;
      result?: Fields;
      error?: Fields;
    };
    if (message.id === undefined) {
      events.push(message);
      waiting.get(message.method)?.();
      return;
    }
    const one = pending.get(message.id);
    pending.delete(message.id);
    if (message.error === undefined) one?.resolve(message.result ?? {});
    else one?.reject(new Error(JSON.stringify(message.error)));
  });
  return {
    events,
    ask: (method, params = {}) => {
      last += 1;
      const one = Promise.withResolvers<Fields>();
      pending.set(last, one);
      socket.send(JSON.stringify({ id: last, method, params }));
      return inTime(one.promise, method);
    },
    event: (method) =>
      inTime(
        new Promise<void>((resolve) => {
          waiting.set(method, resolve);
        }),
        method,
      ),
    close: () => {
      socket.close();
    },
  };
}

async function inTime<T>(promise: Promise<T>, what: string): Promise<T> {
  const over = AbortSignal.timeout(PATIENCE_MS);
  const late = once(over, 'abort').then(() => Promise.reject(new Error(`${what}: no answer`)));
  return Promise.race([promise, late]);
}
