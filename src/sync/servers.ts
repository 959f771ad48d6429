/** Everything that listens, and what it shows of the last sync. */
import { setTimeout as wait } from 'node:timers/promises';
import { relayMetrics } from '../observe/relayMetrics.ts';
import { sliMetrics } from '../observe/sliMetrics.ts';
import { CONNECT_BUCKETS } from '../relay/relay.ts';
import type { ListenError } from '../serve/listen.ts';
import { createServiceHealth } from '../serve/serviceHealth.ts';
import type { ServiceHealthServers } from '../serve/serviceHealth.ts';
import { ownServers } from './ownServers.ts';
import type { Scene, ServersOptions, ServersView } from './serversView.ts';
import type { SyncResult } from './sync.ts';

export interface Servers {
  /**
   * Show this from now on: listen at its addresses, with the metrics of its mode and its health
   * limit. Resolves after the first attempt to listen; a taken port is tried again and again.
   */
  show(view: ServersView): Promise<void>;
  /** Show this sync's outcome from now on. */
  applied(result: SyncResult): void;
  close(): Promise<void>;
}

/** How long the event about a taken port may take before that ends the agent. */
const LAST_WORD_MS = 2_000;

/**
 * A taken port is tried again and again while the agent does its work, as it mostly is the process
 * before us that has it. With bindAddressHardFail this rejects with the ListenError instead.
 */
export async function startServers(options: ServersOptions, view: ServersView): Promise<Servers> {
  const { metrics, health } = options;
  const scene: Scene = {
    ...{ ...options, view, shown: undefined, slis: sliMetrics() },
    relayMetrics: relayMetrics(metrics.registry, { buckets: CONNECT_BUCKETS }),
  };
  const own = ownServers(scene);
  const serviceHealth = serviceHealthServers(options);

  async function show(next: ServersView): Promise<ListenError | undefined> {
    const { mode } = next.config;
    scene.view = next;
    metrics.showMode(mode);
    health.setMaxWait(2 * next.config[mode].syncPeriod);
    return own.move(next.config);
  }

  const taken = await show(view);
  if (taken !== undefined && view.config.bindAddressHardFail) {
    await own.close();
    await Promise.race([options.events.settled(), wait(LAST_WORD_MS, undefined, { ref: false })]);
    throw taken;
  }
  // One apply at a time, also when syncs follow each other quickly.
  let applying: Promise<void> = Promise.resolve();
  return {
    async show(next) {
      await show(next);
    },
    applied({ rendering }) {
      scene.shown = { rendering, mode: scene.view.config.mode };
      applying = applying
        .then(() => serviceHealth.apply(rendering.snapshot.health))
        .catch((error: unknown) => {
          options.log.error('health check node ports not updated', { error: String(error) });
        });
    },
    async close() {
      await applying;
      await Promise.all([serviceHealth.close(), own.close()]);
    },
  };
}

function serviceHealthServers(options: ServersOptions): ServiceHealthServers {
  const { families, health, log, events } = options;
  return createServiceHealth({
    addresses: {
      // Every address; where load balancers may come from is for the node's firewall to say.
      4: families.includes(4) ? ['0.0.0.0'] : [],
      6: families.includes(6) ? ['::'] : [],
    },
    isAlive: () => health.status(Date.now()).isAlive,
    onFailure(service, error) {
      const name = `${service.namespace}/${service.name}`;
      log.warn('health check node port not served', { name, error: error.message });
      events.problem(service, 'FailedToStartServiceHealthcheck', error.message);
    },
  });
}
