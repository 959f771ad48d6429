import type { Log } from '../observe/log.ts';
import { ApiError, isExpired, isTooNew } from './apiError.ts';
import { API_BACKOFF, backoffDelay } from './backoff.ts';
import type { BackoffLimits } from './backoff.ts';
import type { Connection } from './connection.ts';
import { describeFailure } from './describeFailure.ts';
import { listPages } from './listPages.ts';
import type { Freshness } from './listPages.ts';
import type { Resource } from './resources.ts';
import type { Kind, ObjectSink } from './source.ts';
import { CorruptStreamError, watchStream } from './watchStream.ts';

/** What health and metrics want to know of a source. */
export interface SourceObserver {
  /** A watch was accepted: from now on changes arrive. */
  connected(kind: Kind): void;
  /** The watch or the attempt at one failed; a watch that ended in order is not reported. */
  disconnected(kind: Kind, reason: string): void;
  /** A full list had to be made again, because the watch could not be resumed. */
  relisted(kind: Kind): void;
  /** An event or bookmark arrived. */
  heard(kind: Kind): void;
}

/** Time, handed in. */
export interface Clock {
  /** Milliseconds, monotonic. */
  now(): number;
  /** Resolves after the time, or early once the signal is aborted; never rejects. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Timing {
  readonly backoff: BackoffLimits;
  /** A watch that lasted so long counts as a success, whatever ended it. */
  readonly healthyMs: number;
}

export const API_TIMING: Timing = { backoff: API_BACKOFF, healthyMs: 10_000 };

export interface Follower {
  readonly kind: Kind;
  readonly resource: Resource;
  readonly connection: Connection;
  readonly sink: ObjectSink;
  readonly observer: SourceObserver;
  readonly log: Log;
  readonly clock: Clock;
  /** Yields numbers in [0, 1). */
  readonly random: () => number;
  readonly timing: Timing;
  readonly signal: AbortSignal;
}

/** Where one kind stands. */
interface Progress {
  /** The version to resume from; undefined while a list is needed. */
  position: string | undefined;
  freshness: Freshness;
  hasListed: boolean;
  /** Failures since the last healthy watch. */
  failures: number;
}

/**
 * Keep one kind in the sink up to date until the signal is aborted: list, watch, resume the watch
 * where it ended, list again only when the server has forgotten that place. Failures are logged
 * and retried for ever; meanwhile the sink keeps what it has.
 */
export async function followKind(follower: Follower): Promise<void> {
  const progress: Progress = {
    position: undefined,
    freshness: { kind: 'cached' },
    hasListed: false,
    failures: 0,
  };
  while (!follower.signal.aborted) {
    const pauseMs = await attempt(follower, progress);
    if (pauseMs > 0) await follower.clock.sleep(pauseMs, follower.signal);
  }
}

/** List if need be and watch until that ends; returns how long to wait before the next attempt. */
async function attempt(follower: Follower, progress: Progress): Promise<number> {
  let openedAt: number | undefined;
  let failure: unknown;
  try {
    const position = progress.position ?? (await list(follower, progress));
    await watch(follower, position, {
      opened: () => {
        openedAt = follower.clock.now();
        follower.observer.connected(follower.kind);
      },
      advanced: (resourceVersion) => {
        progress.position = resourceVersion;
        follower.observer.heard(follower.kind);
      },
    });
  } catch (error) {
    failure = error;
  }
  const wasHealthy =
    openedAt !== undefined && follower.clock.now() - openedAt >= follower.timing.healthyMs;
  if (wasHealthy) progress.failures = 0;
  if (failure === undefined && wasHealthy) return 0;
  progress.failures += 1;
  return follower.signal.aborted ? 0 : settle(follower, progress, failure);
}

async function list(follower: Follower, progress: Progress): Promise<string> {
  const { freshness } = progress;
  if (progress.hasListed) follower.observer.relisted(follower.kind);
  const startedAt = follower.clock.now();
  const position = await listPages({ ...follower, freshness }, follower.sink);
  progress.position = position;
  progress.hasListed = true;
  follower.log.info('listed', {
    kind: follower.kind,
    resourceVersion: position,
    ms: Math.round(follower.clock.now() - startedAt),
  });
  return position;
}

async function watch(
  follower: Follower,
  resourceVersion: string,
  observer: Parameters<typeof watchStream>[2],
): Promise<void> {
  // Between five and ten minutes: a watch must end now and then, so that after a restart of one
  // API server the nodes spread again, but not all at the same time.
  const timeoutSeconds = Math.floor(300 * (1 + follower.random()));
  await watchStream({ ...follower, resourceVersion, timeoutSeconds }, follower.sink, observer);
}

/** Decide how to go on after a failure, or after a watch that ended at once; returns the pause. */
function settle(follower: Follower, progress: Progress, failure: unknown): number {
  const { kind, resource, connection, log, observer, timing } = follower;
  if (failure instanceof ApiError && failure.status === 401) connection.renewCredentials();
  const retryAfterMs = failure instanceof ApiError ? (failure.retryAfterMs ?? 0) : 0;
  const jitter = backoffDelay(progress.failures, follower.random, timing.backoff);
  const pauseMs = retryAfterMs + jitter;
  const { message, fields } = describeFailure(failure, {
    resource,
    verb: progress.position === undefined ? 'list' : 'watch',
  });
  observer.disconnected(kind, fields['error'] ?? message);
  log.warn(message, { kind, ...fields, failures: progress.failures, retryInMs: pauseMs });
  chooseRestart(progress, failure);
  return pauseMs;
}

/** Most failures resume the watch or repeat the list; these need something else. */
function chooseRestart(progress: Progress, failure: unknown): void {
  const cannotResume = isExpired(failure) || failure instanceof CorruptStreamError;
  if (progress.position !== undefined) {
    if (!cannotResume) return;
    progress.freshness = { kind: 'atLeast', resourceVersion: progress.position };
    progress.position = undefined;
  } else if (isExpired(failure) || isTooNew(failure)) {
    // Not even a list at that version is to be had, or a page came too late.
    progress.freshness = { kind: 'latest' };
  }
}
