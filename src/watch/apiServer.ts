import type { Log } from '../observe/log.ts';
import type { Connection } from './connection.ts';
import { API_TIMING, followKind } from './followKind.ts';
import type { Clock, SourceObserver, Timing } from './followKind.ts';
import { resourceOf } from './resources.ts';
import { KINDS } from './source.ts';
import type { ObjectSource } from './source.ts';

export interface ApiServerOptions {
  readonly connection: Connection;
  /** Only this Node is watched. */
  readonly nodeName: string;
  /** Only Services whose label names this proxy; absent, those without the label. */
  readonly proxyName?: string | undefined;
  readonly log: Log;
  readonly observer: SourceObserver;
  readonly clock: Clock;
  /** Yields numbers in [0, 1). */
  readonly random: () => number;
  readonly timing?: Timing;
}

/**
 * Objects from an API server. Each kind is listed and watched by a loop of its own, so that one
 * that fails (RBAC, a missing API) does not hold up the others.
 */
export function apiServerSource(options: ApiServerOptions): ObjectSource {
  const stopping = new AbortController();
  let loops: Promise<unknown> = Promise.resolve();
  return {
    start(sink) {
      const follower = { timing: API_TIMING, ...options, sink, signal: stopping.signal };
      loops = Promise.all(
        KINDS.map((kind) => followKind({ ...follower, kind, resource: resourceOf(kind, options) })),
      );
    },
    async stop() {
      stopping.abort();
      await loops;
    },
  };
}
