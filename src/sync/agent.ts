/** The parts of a running agent, wired together. */
import type { Config } from '../config/schema.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { AdjustableLog } from '../observe/log.ts';
import { createMetrics } from '../observe/metrics.ts';
import type { Metrics } from '../observe/metrics.ts';
import { createHealthState } from '../serve/healthState.ts';
import type { Relay } from '../relay/relay.ts';
import type { EventSink } from '../watch/events.ts';
import type { RequestObserver } from '../watch/connection.ts';
import type { SourceObserver } from '../watch/followKind.ts';
import type { ObjectSink, ObjectSource } from '../watch/source.ts';
import { createStore } from '../watch/store.ts';
import type { Store } from '../watch/store.ts';
import { prepare, startProxier, viewOf } from './proxier.ts';
import type { Ground, Prepared, Proxier } from './proxier.ts';
import type { openRelayOf } from './relay.ts';
import { retirement } from './retirement.ts';
import type { Retirement } from './retirement.ts';
import { startServers } from './servers.ts';
import type { Servers } from './servers.ts';
import { sourceObserver } from './sourceObserver.ts';

export interface AgentOptions {
  readonly config: Config;
  readonly version: string;
  readonly log: AdjustableLog;
  readonly kernel: Kernel;
  readonly events: EventSink;
  /** In userspace mode; the real one when absent. */
  readonly openRelay?: typeof openRelayOf;
  readonly makeSource: (observer: SourceObserver & RequestObserver) => ObjectSource;
  /** Called once, after the first sync. */
  readonly onReady: () => void;
}

export interface Agent {
  /**
   * Go on under another Config, of another mode for instance, with the same objects: what names
   * their source must not differ. Rejects, and the one before goes on, when the node lacks what it
   * needs. One call at a time.
   */
  reconfigure(config: Config): Promise<void>;
  /** Stop watching and serving once the running sync has ended; the rules stay. */
  stop(): Promise<void>;
}

/** Rejects when the node lacks something or a port is taken; the message says what to do. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, log, version } = options;
  const metrics = createMetrics({ version, mode: config.mode });
  let wake = (): void => undefined;
  const store = createStore({
    nodeName: config.nodeName,
    proxyName: config.serviceProxyName,
    startedAt: Date.now(),
    onChange: () => {
      wake();
    },
  });
  const source = options.makeSource(sourceObserver(metrics));
  // Objects come in while the node's programs are looked at, which takes a tenth of a second.
  source.start(noticingNode(store, options));
  let prepared: Prepared | undefined;
  try {
    prepared = await prepare(options);
    const { ground, servers } = await startGround(options, { metrics, store, prepared });
    const proxiers = await startProxiers(prepared, ground, servers);
    wake = proxiers.wake;
    if (store.isSynced()) wake();
    options.events.started(config.nodeName);
    return {
      reconfigure: (next) => proxiers.replace({ ...options, config: next }),
      async stop() {
        await source.stop();
        await proxiers.stop();
        await servers.close();
      },
    };
  } catch (error) {
    await source.stop();
    await prepared?.relay?.close();
    log.debug('start failed', { error: String(error) });
    throw error;
  }
}

interface Base {
  readonly metrics: Metrics;
  readonly store: Store;
  readonly prepared: Prepared;
}

async function startGround(
  options: AgentOptions,
  { metrics, store, prepared }: Base,
): Promise<{ readonly ground: Ground; readonly servers: Servers }> {
  const { log, kernel, events, config, version } = options;
  const { families } = prepared.programs;
  const health = createHealthState({ families, maxWaitMs: 2 * config[config.mode].syncPeriod });
  const base = { log, kernel, events, metrics, health, store };
  const servers = await startServers({ ...base, version, families }, viewOf(prepared, kernel));
  let isReady = false;
  const ground: Ground = {
    ...base,
    applied: (result) => {
      servers.applied(result);
      if (!isReady) options.onReady();
      isReady = true;
    },
  };
  return { ground, servers };
}

/** The Proxier that serves, and what is left of those before it. */
interface Proxiers {
  wake(): void;
  replace(options: AgentOptions): Promise<void>;
  stop(): Promise<void>;
}

async function startProxiers(
  prepared: Prepared,
  ground: Ground,
  servers: Servers,
): Promise<Proxiers> {
  let current = await startProxier(prepared, ground);
  const retired: Retirement = retirement(ground.log);

  /** Its connections go on where they are, until they end. */
  async function retire(relay: Relay): Promise<void> {
    await retired.drain(relay, inForce());
    await servers.show(viewOf(current, ground.kernel));
  }

  /** Resolves once the one that serves now, or one after it, has its rules in force. */
  async function inForce(): Promise<void> {
    let last: Proxier;
    do {
      last = current;
      await last.settled;
    } while (last !== current);
  }

  async function replace(options: AgentOptions): Promise<void> {
    const before = current;
    const next = await prepare(options);
    await before.stop();
    current = await startOrGoBack(next, before, ground);
    current.wake();
    if (current.config !== next.config) throw new Error('the one before goes on');
    await servers.show(viewOf(current, ground.kernel, before.relay));
    if (before.relay !== undefined) void retire(before.relay);
  }

  return {
    wake: () => current.wake(),
    replace,
    async stop() {
      // From here on another process may have the rules; what it leaves to us we still serve.
      await current.stop();
      const { drainTimeout } = current.config.userspace;
      await Promise.all([current.relay?.drain(drainTimeout), retired.stop(drainTimeout)]);
    },
  };
}

/** The next one; where it does not even start, the one before anew. */
async function startOrGoBack(next: Prepared, before: Proxier, ground: Ground): Promise<Proxier> {
  try {
    return await startProxier(next, ground);
  } catch (error) {
    await next.relay?.close();
    ground.log.error('cannot go on under the new configuration', { error: String(error) });
    const { config, programs, relay } = before;
    return startProxier({ config, programs, relay }, ground);
  }
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
