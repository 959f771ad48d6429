import type { ServerResponse } from 'node:http';
import type { Kind } from '../../src/watch/source.ts';
import type { Selector } from './fakeApiServerSelectors.ts';
import { bookmarkLine, eventLine } from './fakeApiServerStore.ts';
import type { Change } from './fakeApiServerStore.ts';

interface OpenWatch {
  readonly kind: Kind;
  readonly selector: Selector;
  readonly response: ServerResponse;
}

/** The watches that are open, and the ways in which they can go wrong. */
export interface FakeWatches {
  /** Begin a watch: headers, what has happened since, then live. */
  open(watch: OpenWatch, missed: readonly Change[], timeoutSeconds: number): void;
  /** Tell every watcher of a change. */
  publish(change: Change): void;
  bookmark(kind: Kind, version: number): void;
  /** Write any bytes to every watch of a kind. */
  write(kind: Kind, bytes: Buffer): void;
  count(kind: Kind): number;
  /** Resolves once a watch of the kind is open. */
  opened(kind: Kind): Promise<void>;
  /** End watches in order, as when their time is up. */
  end(kind: Kind): void;
  /** Cut the connections. */
  disconnect(kind: Kind): void;
  /** The next change of this kind reaches its watchers only by half; then the connection is cut. */
  breakNextEvent(kind: Kind): void;
  /** From now on nothing is sent on watches of this kind, while the connections stay open. */
  setSilent(kind: Kind, isSilent: boolean): void;
}

export function fakeWatches(): FakeWatches {
  const watches = new Set<OpenWatch>();
  const broken = new Set<Kind>();
  const silent = new Set<Kind>();
  const waiting: { kind: Kind; resolve: () => void }[] = [];

  function of(kind: Kind): OpenWatch[] {
    return [...watches].filter((watch) => watch.kind === kind);
  }

  function send(watch: OpenWatch, bytes: Buffer | undefined): void {
    if (bytes !== undefined && !silent.has(watch.kind)) watch.response.write(bytes);
  }

  function sendHalf({ response }: OpenWatch, bytes: Buffer | undefined): void {
    if (bytes === undefined) return;
    response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
  }

  return {
    open(watch, missed, timeoutSeconds) {
      watch.response.writeHead(200, { 'content-type': 'application/json' });
      watch.response.flushHeaders();
      for (const change of missed) {
        if (change.kind === watch.kind) send(watch, eventLine(change, watch.selector));
      }
      watches.add(watch);
      const timer = setTimeout(() => watch.response.end(), timeoutSeconds * 1000).unref();
      watch.response.on('close', () => {
        clearTimeout(timer);
        watches.delete(watch);
      });
      for (const { kind, resolve } of waiting) if (kind === watch.kind) resolve();
    },
    publish(change) {
      const deliver = broken.delete(change.kind) ? sendHalf : send;
      for (const watch of of(change.kind)) deliver(watch, eventLine(change, watch.selector));
    },
    bookmark(kind, version) {
      for (const watch of of(kind)) send(watch, bookmarkLine(kind, version));
    },
    write(kind, bytes) {
      for (const watch of of(kind)) send(watch, bytes);
    },
    count: (kind) => of(kind).length,
    async opened(kind) {
      if (of(kind).length > 0) return;
      await new Promise<void>((resolve) => {
        waiting.push({ kind, resolve });
      });
    },
    end(kind) {
      for (const { response } of of(kind)) response.end();
    },
    disconnect(kind) {
      for (const watch of of(kind)) {
        watches.delete(watch);
        watch.response.destroy();
      }
    },
    breakNextEvent(kind) {
      broken.add(kind);
    },
    setSilent(kind, isSilent) {
      if (isSilent) silent.add(kind);
      else silent.delete(kind);
    },
  };
}
