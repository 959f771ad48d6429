/** Keeping the agent small on a node where every other process matters more. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * To be called before anything is allocated. The space for young objects would grow to 16 MB twice
 * while the first 10,000 Services come in, and is never given back: with what it drags into the
 * old space that is 60 MB. Without growing the start costs less CPU, not more (measured).
 */
export function startSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}

/**
 * To be called once the first sync is done, when most of what was allocated is garbage: collect
 * it, and let the heap grow in small steps from here on. Before, these steps would slow the start.
 */
export function staySmall(): void {
  setFlagsFromString('--optimize-for-size');
  // Node offers its collector to those who ask V8 for it, also after the start.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as NodeJS.GCFunction;
  // Not at once: whoever calls this still holds what was just written.
  setTimeout(() => {
    collect({ type: 'major', flavor: 'last-resort' });
  }, 1000).unref();
}
