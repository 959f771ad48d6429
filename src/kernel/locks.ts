/** Waiting for the xtables lock, and what to do when something else went wrong. */
import type { KernelErrorKind } from './errors.ts';

/** soon: after a short backoff. later: with the periodic sync, as somebody must act first. */
type Retry = 'soon' | 'later' | 'never';

/** Whether and when a sync that failed in this way is worth another try. */
export const RETRY: Readonly<Record<KernelErrorKind, Retry>> = {
  busy: 'soon',
  // The node was not as we thought; the next sync reads it first.
  rejected: 'soon',
  'timed-out': 'soon',
  'missing-program': 'later',
  'no-module': 'later',
  'not-permitted': 'later',
  // Only at the end, when nothing is tried any more.
  aborted: 'later',
};

// Without a limit a tool waits for ever, and nobody would learn why nothing happens.
const LOCK_WAIT_SECONDS = 5;

const TAKES_LOCK = /^ip6?tables(-nft|-legacy)?(-restore)?$/;

/**
 * The arguments with which an iptables tool waits for the xtables lock; those of any other program
 * as they are. The nft variant needs no lock and ignores it; the save tools know no such option.
 */
export function withLockWait(program: string, args: readonly string[]): readonly string[] {
  const isWaiting = args.some((arg) => arg === '--wait' || arg.startsWith('-w'));
  if (isWaiting || !TAKES_LOCK.test(program)) return args;
  return ['-w', String(LOCK_WAIT_SECONDS), ...args];
}
