/** One fault under load: how many connections it cost, on each path, and until when. */
import { setTimeout as wait } from 'node:timers/promises';
import type { FailureRun, Subject } from '../schema.ts';
import type { Fault, Ground } from './ground.ts';

const RATE = 100;
/** A client that waits longer has failed in the eyes of its user. */
const TIMEOUT_MS = 1000;
/** All is well for so long. */
const BEFORE_MS = 1000;
/** And again for so long, after it was noticed. */
const AFTER_MS = 2000;

/** The endpoints are in place again afterwards. All but when it is noticed is `slowness` times as slow. */
export async function runFault(
  ground: Ground,
  subject: Subject,
  fault: Fault,
  slowness: number,
): Promise<readonly Omit<FailureRun, 'round'>[]> {
  const paths = ground.paths
    .map(({ id }) => ({
      id,
      targets: ground.targets(subject, id, { service: 'spread', port: 'tcp' }),
    }))
    .filter(({ targets }) => targets.length > 0);
  const began = performance.now();
  const seconds = ((BEFORE_MS + AFTER_MS) * slowness + fault.noticedAfterMs) / 1000;
  const loads = paths.map(async ({ id, targets }) => ({
    path: id,
    measured: await ground.probe(id).run({
      kind: 'connect',
      targets: [...targets],
      rate: RATE / slowness,
      seconds,
      timeoutMs: TIMEOUT_MS * slowness,
    }),
  }));
  const [results, times] = await Promise.all([
    Promise.all(loads),
    strikeAndNotice(fault, began, slowness),
  ]);
  return results.map(({ path, measured }) => ({
    ...{ subject: subject.id, path, fault: fault.id },
    ...times,
    ...measured,
  }));
}

/** Resolves when it is healed, with the times in milliseconds after `began`. */
async function strikeAndNotice(
  fault: Fault,
  began: number,
  slowness: number,
): Promise<Pick<FailureRun, 'struckAtMs' | 'noticedAtMs'>> {
  await wait(BEFORE_MS * slowness);
  try {
    const struckAtMs = performance.now() - began;
    await fault.strike();
    await wait(fault.noticedAfterMs);
    const noticedAtMs = performance.now() - began;
    await fault.notice();
    await wait((AFTER_MS + TIMEOUT_MS) * slowness);
    return { struckAtMs, noticedAtMs };
  } finally {
    await fault.heal();
  }
}
