import { setTimeout as wait } from 'node:timers/promises';
import type { Subject } from '../schema.ts';
import type { Ground, ServiceName } from './ground.ts';

const PATIENCE_MS = 120_000;
const ONE_TRY_MS = 1000;
/** Agents hold a change back for up to a second after the one before, which is not its own delay. */
const QUIET_MS = 1300;

/** Milliseconds from telling the API server of a changed endpoint until a connection lands there. */
export async function changeOnce(ground: Ground, subject: Subject): Promise<number> {
  await wait(QUIET_MS);
  const began = performance.now();
  const server = await ground.move();
  await untilAnswered(ground, subject, { service: 'moving', server });
  return performance.now() - began;
}

/**
 * Dial on the first path until the Service answers, by this server if one is named; resolves with
 * performance.now(). Rejects after two minutes.
 */
export async function untilAnswered(
  ground: Pick<Ground, 'paths' | 'probe' | 'targets'>,
  subject: Subject,
  by: { readonly service: ServiceName; readonly server?: string },
): Promise<number> {
  const path = ground.paths[0]?.id ?? '';
  const targets = [...ground.targets(subject, path, { service: by.service, port: 'tcp' })];
  const deadline = performance.now() + PATIENCE_MS;
  while (performance.now() < deadline) {
    const { result } = await ground
      .probe(path)
      .run({ kind: 'connect', targets, rate: 20, seconds: 0.05, timeoutMs: ONE_TRY_MS });
    const servers = result.kind === 'connect' ? Object.keys(result.servers) : [];
    if (by.server === undefined ? servers.length > 0 : servers.includes(by.server)) {
      return performance.now();
    }
  }
  throw new Error(
    `${subject.title}: ${targets.join(', ')} did not lead to ${by.server ?? 'any server'} ` +
      `within ${String(PATIENCE_MS / 1000)} s`,
  );
}
