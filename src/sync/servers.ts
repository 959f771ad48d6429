/** Everything that listens, and what it shows of the last sync. */
import { countRules } from '../backends/iptables/countRules.ts';
import type { Mode, Rendering } from '../backends/backend.ts';
import type { Config } from '../config/schema.ts';
import type { Destination, Snapshot } from '../model/types.ts';
import type { Family } from '../net/family.ts';
import type { Log } from '../observe/log.ts';
import { ipFamily, showProblems } from '../observe/metrics.ts';
import type { Metrics } from '../observe/metrics.ts';
import { relayMetrics } from '../observe/relayMetrics.ts';
import type { RelayMetrics } from '../observe/relayMetrics.ts';
import { CONNECT_BUCKETS } from '../relay/relay.ts';
import type { Relay } from '../relay/relay.ts';
import type { HealthState } from '../serve/healthState.ts';
import { startHealthServer, startMetricsServer } from '../serve/http.ts';
import type { BindAddress, HealthServerOptions } from '../serve/http.ts';
import { keepListening } from '../serve/keepListening.ts';
import type { KeepOptions } from '../serve/keepListening.ts';
import type { ListenError } from '../serve/listen.ts';
import { metricsRoutes } from '../serve/metricsRoutes.ts';
import type { Routes } from '../serve/routes.ts';
import { createServiceHealth } from '../serve/serviceHealth.ts';
import type { ServiceHealthServers } from '../serve/serviceHealth.ts';
import { nodeReference } from '../watch/events.ts';
import type { EventSink } from '../watch/events.ts';
import type { Store } from '../watch/store.ts';
import type { PacketCounts } from './packetCounts.ts';
import type { SyncResult } from './sync.ts';

export interface ServersOptions {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly health: HealthState;
  readonly families: readonly Family[];
  readonly store: Store;
  readonly events: EventSink;
}

/** What is shown of the agent, and where; another one may take its place while it runs. */
export interface ServersView {
  readonly config: Config;
  /** Of userspace mode, and behind a change of mode for as long as it still has connections. */
  readonly relay: Pick<Relay, 'counts'> | undefined;
  /** What the rules of iptables mode have counted; not called in other modes. */
  readonly countPackets: () => Promise<PacketCounts>;
}

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

/** What the servers answer from. */
interface Scene extends ServersOptions {
  view: ServersView;
  /** Of the last sync, with the mode that it was in. */
  shown: { readonly rendering: Rendering; readonly mode: Mode } | undefined;
  readonly relayMetrics: RelayMetrics;
}

/** Rejects with a ListenError when an address of ours is taken. */
export async function startServers(options: ServersOptions, view: ServersView): Promise<Servers> {
  const { metrics, health } = options;
  const relay = relayMetrics(metrics.registry, { buckets: CONNECT_BUCKETS });
  const scene: Scene = { ...options, view, shown: undefined, relayMetrics: relay };
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
  if (taken !== undefined) {
    await own.close();
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

interface OwnServers {
  /** The first that could not listen at once, if any. */
  move(config: Config): Promise<ListenError | undefined>;
  close(): Promise<void>;
}

function ownServers(scene: Scene): OwnServers {
  const health = keepListening({
    open: (address) => startHealthServer(healthOptions(scene, address)),
    ...told(scene, 'FailedToStartProxierHealthcheck'),
  });
  const metrics = keepListening({
    open: (address) => startMetricsServer({ address, routes: () => routesOf(scene) }),
    ...told(scene, 'FailedToStartMetricServer'),
  });
  return {
    async move({ healthzBindAddress, metricsBindAddress }) {
      const first = await health.move(healthzBindAddress);
      const second = await metrics.move(metricsBindAddress);
      return first ?? second;
    },
    async close() {
      await Promise.all([health.close(), metrics.close()]);
    },
  };
}

/** A taken port is one line, and one event on the Node, under kube-proxy's name for it. */
function told(
  scene: Scene,
  reason: string,
): Pick<KeepOptions, 'onFailure' | 'onRecovery' | 'after'> {
  const { log, events } = scene;
  return {
    onFailure({ message }) {
      log.error('not listening, will try again', { error: message });
      events.problem(nodeReference(scene.view.config.nodeName), reason, message);
    },
    onRecovery: ({ host, port }) => log.info('listening after all', { host, port }),
    after(ms, run) {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  };
}

function routesOf(scene: Scene): Routes {
  const { contentType } = scene.metrics.registry;
  return metricsRoutes({
    mode: () => scene.view.config.mode,
    registry: { contentType, metrics: () => scrape(scene) },
  });
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
async function scrape(scene: Scene): Promise<string> {
  const { metrics, store, view, shown } = scene;
  const { kubeProxy, registry } = metrics;
  const counts = store.counts();
  kubeProxy.serviceChangesPending.set(counts.pendingServiceChanges);
  kubeProxy.endpointChangesPending.set(counts.pendingEndpointChanges);
  kubeProxy.serviceChanges.set(counts.totalServiceChanges);
  kubeProxy.endpointChanges.set(counts.totalEndpointChanges);
  const contested = shown?.rendering.snapshot.problems.values() ?? [];
  showProblems(metrics, [...store.problems(), ...contested]);
  scene.relayMetrics.show(view.relay?.counts());
  if (shown !== undefined) {
    countLocal(metrics, shown.rendering.snapshot);
    if (shown.mode === 'iptables') await countInRules(scene, shown.rendering);
  }
  return registry.metrics();
}

async function countInRules(
  { metrics, families, view }: Scene,
  { rules }: Rendering,
): Promise<void> {
  const { kubeProxy } = metrics;
  const packets = await view.countPackets();
  kubeProxy.invalidDropped.set(packets.invalidDropped);
  kubeProxy.localhostNodePortsAccepted.set(packets.localhostNodePorts);
  for (const { table, family, rules: count } of countRules(rules, families)) {
    kubeProxy.rules.set({ table, ...ipFamily(family) }, count);
  }
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
