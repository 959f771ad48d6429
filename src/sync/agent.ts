/** The parts of a running agent, wired together. */
import type { Config } from '../config/schema.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { chooseVariant } from '../kernel/variant.ts';
import type { IptablesPrograms } from '../kernel/variant.ts';
import type { Log } from '../observe/log.ts';
import { createMetrics, ipFamily } from '../observe/metrics.ts';
import type { Metrics } from '../observe/metrics.ts';
import { createHealthState } from '../serve/healthState.ts';
import type { Relay } from '../relay/relay.ts';
import type { HealthState } from '../serve/healthState.ts';
import type { EventSink } from '../watch/events.ts';
import type { SourceObserver } from '../watch/followKind.ts';
import type { ObjectSink, ObjectSource } from '../watch/source.ts';
import { createStore } from '../watch/store.ts';
import type { Store } from '../watch/store.ts';
import { addressesHeeded, backendOf } from './backends.ts';
import { decider } from './decide.ts';
import { flowEnder } from './endFlows.ts';
import { startLoop } from './loop.ts';
import type { Loop } from './loop.ts';
import { policyReader } from './nodePolicy.ts';
import { countPackets } from './packetCounts.ts';
import { problemReporter } from './problems.ts';
import { openRelayOf, warnOfBridges, withRelay } from './relay.ts';
import { syncReport } from './report.ts';
import { startServers } from './servers.ts';
import type { Servers } from './servers.ts';
import { sourceObserver } from './sourceObserver.ts';
import { syncTask } from './sync.ts';

export interface AgentOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: Log;
  readonly kernel: Kernel;
  readonly events: EventSink;
  /** In userspace mode; the real one when absent. */
  readonly openRelay?: typeof openRelayOf;
  readonly makeSource: (observer: SourceObserver) => ObjectSource;
  /** Called once, after the first sync. */
  readonly onReady: () => void;
}

export interface Agent {
  /** Stop watching and serving once the running sync has ended; the rules stay. */
  stop(): Promise<void>;
}

/** Everything that the loop's task is made of. */
interface Parts extends AgentOptions {
  readonly metrics: Metrics;
  readonly store: Store;
  readonly programs: IptablesPrograms;
  readonly health: HealthState;
  readonly servers: Servers;
  /** In userspace mode. */
  readonly relay: Relay | undefined;
}

/** Rejects when the node lacks something or a port is taken; the message says what to do. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, log, kernel, version } = options;
  const metrics = createMetrics({ version, mode: config.mode });
  let onChange = (): void => undefined;
  const store = createStore({
    nodeName: config.nodeName,
    proxyName: config.serviceProxyName,
    startedAt: Date.now(),
    onChange: () => {
      onChange();
    },
  });
  const source = options.makeSource(sourceObserver(metrics));
  let relay: Relay | undefined;
  // Objects come in while the node's programs are looked at, which takes a tenth of a second.
  source.start(noticingNode(store, options));
  try {
    const programs = await chooseVariant(kernel, config.iptables.variant);
    const { variant, reason, families } = programs;
    log.info('using iptables', { variant, version: programs.version, reason });
    // Loads ip_vs, or says at once that there is none.
    if (config.mode === 'ipvs') await kernel.list('ipvsadm', ['--list', '--numeric']);
    relay = await relayFor(options, programs);
    const health = createHealthState({ families, maxWaitMs: 2 * config[config.mode].syncPeriod });
    const servers = await startServers(
      { ...options, metrics, health, families, store },
      { config, relay, countPackets: () => countPackets(kernel, programs) },
    );
    const loop = await buildLoop({ ...options, metrics, store, programs, health, servers, relay });
    onChange = (): void => {
      queued(metrics, health, programs);
      loop.wake();
    };
    if (store.isSynced()) onChange();
    options.events.started(config.nodeName);
    return {
      async stop() {
        await source.stop();
        // From here on another process may have the rules; what it leaves to us we still serve.
        await loop.stop();
        await relay?.drain(config.userspace.drainTimeout);
        await servers.close();
      },
    };
  } catch (error) {
    await source.stop();
    await relay?.close();
    throw error;
  }
}

/** Open before the first sync, since the rules name its port; undefined in other modes. */
async function relayFor(
  options: AgentOptions,
  programs: IptablesPrograms,
): Promise<Relay | undefined> {
  const { config, openRelay = openRelayOf } = options;
  if (config.mode !== 'userspace') return undefined;
  const relay = await openRelay({ ...options, programs });
  await warnOfBridges(relay, options);
  return relay;
}

/** The store, and one line when the source turns out to have no Node of our name. */
function noticingNode(store: Store, { config, log }: AgentOptions): ObjectSink {
  return {
    ...store,
    listFinished(kind) {
      store.listFinished(kind);
      if (kind !== 'Node' || store.node() !== undefined) return;
      log.warn('no such Node; endpoints on it count as remote, say --hostname-override', {
        node: config.nodeName,
      });
    },
  };
}

function queued(metrics: Metrics, health: HealthState, { families }: IptablesPrograms): void {
  const now = Date.now();
  health.queued(families, now);
  for (const family of families) {
    metrics.kubeProxy.lastQueued.set(ipFamily(family), now / 1000);
  }
}

async function buildLoop(parts: Parts): Promise<Loop> {
  const { config, log, metrics, store, programs, health, servers, relay } = parts;
  const kernel = relay === undefined ? parts.kernel : withRelay(parts.kernel, relay);
  const { families } = programs;
  let isReady = false;
  const report = syncReport({
    log,
    metrics,
    health,
    families,
    wallClock: () => Date.now(),
    problemsFound: problemReporter(parts),
    applied: (result) => {
      servers.applied(result);
      if (!isReady) parts.onReady();
      isReady = true;
    },
  });
  const decide = decider({
    store,
    config,
    families,
    policyOf: await policyReader({ config, log, kernel }),
    taken: report.taken,
  });
  const task = syncTask({
    backend: backendOf(config, programs, relay?.port),
    kernel,
    decide,
    addresses: addressesHeeded(config.mode),
    endStaleFlows: flowEnder({ log, metrics, families, mode: config.mode }),
    report,
    now: () => performance.now(),
  });
  const { syncPeriod, minSyncPeriod } = config[config.mode];
  const pacing = { minIntervalMs: minSyncPeriod, checkIntervalMs: syncPeriod };
  return startLoop(task, pacing, { now: () => performance.now(), setTimeout });
}
