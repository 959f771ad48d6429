/** Everything that listens, and what it shows of the last sync. */
import { countRules } from '../backends/iptables/countRules.ts';
import type { Rendering } from '../backends/backend.ts';
import type { Config } from '../config/schema.ts';
import type { Destination, Snapshot } from '../model/types.ts';
import type { Family } from '../net/family.ts';
import type { Log } from '../observe/log.ts';
import { ipFamily, showProblems } from '../observe/metrics.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { HealthState } from '../serve/healthState.ts';
import { startHealthServer, startMetricsServer } from '../serve/http.ts';
import type { BindAddress, HealthServerOptions } from '../serve/http.ts';
import type { Listener } from '../serve/listen.ts';
import { createServiceHealth } from '../serve/serviceHealth.ts';
import type { ServiceHealthServers } from '../serve/serviceHealth.ts';
import type { EventSink } from '../watch/events.ts';
import type { Store } from '../watch/store.ts';
import type { SyncResult } from './sync.ts';

export interface ServersOptions {
  readonly config: Config;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly health: HealthState;
  readonly families: readonly Family[];
  readonly store: Store;
  readonly events: EventSink;
  /** Packets dropped as INVALID so far. */
  readonly countInvalid: () => Promise<number>;
  /** Show what the relay counted so far; undefined in modes without one. */
  readonly showRelay: (() => void) | undefined;
}

export interface Servers {
  /** Show this sync's outcome from now on. */
  applied(result: SyncResult): void;
  close(): Promise<void>;
}

/** Rejects with a ListenError when an address of ours is taken. */
export async function startServers(options: ServersOptions): Promise<Servers> {
  let shown: Rendering | undefined;
  const listeners = await startListeners(options, () => shown);
  const serviceHealth = serviceHealthServers(options);
  // One apply at a time, also when syncs follow each other quickly.
  let applying: Promise<void> = Promise.resolve();
  return {
    applied({ rendering }) {
      shown = rendering;
      applying = applying
        .then(() => serviceHealth.apply(rendering.snapshot.health))
        .catch((error: unknown) => {
          options.log.error('health check node ports not updated', { error: String(error) });
        });
    },
    async close() {
      await applying;
      await Promise.all([serviceHealth.close(), ...listeners.map((each) => each.close())]);
    },
  };
}

async function startListeners(
  options: ServersOptions,
  shown: () => Rendering | undefined,
): Promise<readonly Listener[]> {
  const { config, metrics } = options;
  const { healthzBindAddress: healthAddress, metricsBindAddress: metricsAddress } = config;
  const listeners: Listener[] = [];
  if (healthAddress !== 'off') {
    listeners.push(await startHealthServer(healthOptions(options, healthAddress)));
  }
  if (metricsAddress !== 'off') {
    const { contentType } = metrics.registry;
    const registry = { contentType, metrics: () => scrape(options, shown()) };
    const server = { address: metricsAddress, mode: config.mode, registry };
    listeners.push(await startMetricsServer(server));
  }
  return listeners;
}

function healthOptions(
  { health, store, metrics }: ServersOptions,
  address: BindAddress,
): HealthServerOptions {
  const { healthzAnswers, livezAnswers } = metrics.kubeProxy;
  return {
    address,
    status() {
      health.setNode(store.node());
      return health.status(Date.now());
    },
    onAnswer(path, code) {
      (path === 'healthz' ? healthzAnswers : livezAnswers).inc({ code: String(code) });
    },
  };
}

/** Counts that nobody needs between scrapes are taken at one. */
async function scrape(
  { metrics, store, families, countInvalid, showRelay }: ServersOptions,
  shown: Rendering | undefined,
): Promise<string> {
  const { kubeProxy, registry } = metrics;
  const counts = store.counts();
  kubeProxy.serviceChangesPending.set(counts.pendingServiceChanges);
  kubeProxy.endpointChangesPending.set(counts.pendingEndpointChanges);
  const contested = shown?.snapshot.problems.values() ?? [];
  showProblems(metrics, [...store.problems(), ...contested]);
  showRelay?.();
  if (shown !== undefined) {
    countLocal(metrics, shown.snapshot);
    // A node that cannot say so now has no other metric for it.
    await countInvalid().then(kubeProxy.invalidDropped.set, () => undefined);
    for (const { table, family, rules } of countRules(shown.rules, families)) {
      kubeProxy.rules.set({ table, ...ipFamily(family) }, rules);
    }
  }
  return registry.metrics();
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

/** ServicePorts that some policy Local leaves without an endpoint here, though there are some. */
function countLocal(metrics: Metrics, snapshot: Snapshot): void {
  const gauge = metrics.kubeProxy.noLocalEndpoints;
  const counts = new Map<string, number>();
  for (const port of snapshot.ports.values()) {
    const policies = new Set(
      port.destinations.filter((each) => each.verdict === 'drop').map(policyName),
    );
    for (const policy of policies) {
      const key = `${policy}/${String(port.family)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  }
  for (const family of snapshot.families) {
    for (const policy of ['internal', 'external']) {
      const count = counts.get(`${policy}/${String(family)}`) ?? 0;
      gauge.set({ traffic_policy: policy, ...ipFamily(family) }, count);
    }
  }
}

function policyName({ kind }: Destination): 'internal' | 'external' {
  return kind === 'ClusterIP' ? 'internal' : 'external';
}
