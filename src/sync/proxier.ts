/** What serves the node's Services under one Config; another one may take its place at run time. */
import type { Config } from '../config/schema.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { chooseVariant } from '../kernel/variant.ts';
import type { IptablesPrograms } from '../kernel/variant.ts';
import type { Log } from '../observe/log.ts';
import { ipFamily } from '../observe/metrics.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { Relay } from '../relay/relay.ts';
import type { HealthState } from '../serve/healthState.ts';
import { adoption } from '../takeover/kubeProxy.ts';
import type { EventSink } from '../watch/events.ts';
import type { Store } from '../watch/store.ts';
import { addressesHeeded, backendOf } from './backends.ts';
import { decider } from './decide.ts';
import { flowEnder } from './endFlows.ts';
import { startLoop } from './loop.ts';
import { policyReader } from './nodePolicy.ts';
import { countPackets } from './packetCounts.ts';
import { problemReporter } from './problems.ts';
import { openRelayOf, warnOfBridges, withRelay } from './relay.ts';
import { syncReport } from './report.ts';
import type { ServersView } from './serversView.ts';
import { syncTask } from './sync.ts';
import type { SyncResult } from './sync.ts';

/** What it takes of the node: found and open, but nothing is changed yet. */
export interface Prepared {
  readonly config: Config;
  readonly programs: IptablesPrograms;
  /** In userspace mode: open before the first sync, since the rules name its port. */
  readonly relay: Relay | undefined;
}

export interface PrepareOptions {
  readonly config: Config;
  readonly log: Log;
  readonly kernel: Kernel;
  /** In userspace mode; the real one when absent. */
  readonly openRelay?: typeof openRelayOf;
}

/** Rejects when the node lacks something; the message says what to do. */
export async function prepare(options: PrepareOptions): Promise<Prepared> {
  const { config, log, kernel } = options;
  const programs = await chooseVariant(kernel, config.iptables.variant);
  const { variant, reason } = programs;
  log.info('using iptables', { variant, version: programs.version, reason });
  // Loads ip_vs, or says at once that there is none.
  if (config.mode === 'ipvs') await kernel.list('ipvsadm', ['--list', '--numeric']);
  for (const operation of await adoption(kernel)) {
    log.info('taking over from kube-proxy', { what: operation.purpose });
    await kernel.apply(operation);
  }
  return { config, programs, relay: await relayFor(options, programs) };
}

async function relayFor(
  options: PrepareOptions,
  programs: IptablesPrograms,
): Promise<Relay | undefined> {
  const { config, openRelay = openRelayOf } = options;
  if (config.mode !== 'userspace') return undefined;
  const relay = await openRelay({ ...options, programs });
  await warnOfBridges(relay, options);
  return relay;
}

/** What outlives a change of Config. */
export interface Ground {
  readonly log: Log;
  readonly kernel: Kernel;
  readonly events: EventSink;
  readonly metrics: Metrics;
  readonly health: HealthState;
  readonly store: Store;
  /** After each successful sync. */
  readonly applied: (result: SyncResult) => void;
}

export interface Proxier extends Prepared {
  /** Something changed: sync as soon as the pace allows. */
  wake(): void;
  /** Sync no more; resolves when the running sync has ended. The relay goes on. */
  stop(): Promise<void>;
  /** Resolves once the rules are in force, or nothing more will be done. */
  readonly settled: Promise<void>;
}

/** It sleeps until the first `wake`. */
export async function startProxier(prepared: Prepared, ground: Ground): Promise<Proxier> {
  const { config, programs } = prepared;
  const { families } = programs;
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  const task = await buildTask(prepared, {
    ...ground,
    applied: (result) => {
      ground.applied(result);
      settle();
    },
  });
  const { syncPeriod, minSyncPeriod } = config[config.mode];
  const pacing = { minIntervalMs: minSyncPeriod, checkIntervalMs: syncPeriod };
  const loop = startLoop(task, pacing, { now: () => performance.now(), setTimeout });
  return {
    ...prepared,
    wake() {
      const now = Date.now();
      ground.health.queued(families, now);
      for (const family of families) {
        ground.metrics.kubeProxy.lastQueued.set(ipFamily(family), now / 1000);
      }
      loop.wake();
    },
    async stop() {
      await loop.stop();
      settle();
    },
    settled,
  };
}

async function buildTask(
  { config, programs, relay }: Prepared,
  ground: Ground,
): Promise<ReturnType<typeof syncTask>> {
  const { log, metrics, store, health, events, applied } = ground;
  const { families } = programs;
  const kernel = relay === undefined ? ground.kernel : withRelay(ground.kernel, relay);
  const report = syncReport({
    ...{ log, metrics, health, families, applied },
    wallClock: () => Date.now(),
    problemsFound: problemReporter({ log, events }),
  });
  const decide = decider({
    ...{ store, config, families },
    policyOf: await policyReader({ config, log, kernel }),
    taken: report.taken,
  });
  return syncTask({
    ...{ kernel, decide, report },
    backend: backendOf(config, programs, relay?.port),
    addresses: addressesHeeded(config.mode),
    endStaleFlows: flowEnder({ log, metrics, families, mode: config.mode }),
    now: () => performance.now(),
  });
}

/** What the servers show of it; `retired` is the relay of the one before, while it drains. */
export function viewOf(
  { config, programs, relay }: Prepared,
  kernel: Kernel,
  retired?: Relay,
): ServersView {
  const shown = relay ?? retired;
  return { config, relay: shown, countPackets: () => countPackets(kernel, programs) };
}
