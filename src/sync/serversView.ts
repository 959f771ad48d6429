/** What the servers answer from. */
import type { Mode, Rendering } from '../backends/backend.ts';
import type { Config } from '../config/schema.ts';
import type { Family } from '../net/family.ts';
import type { AdjustableLog } from '../observe/log.ts';
import type { Metrics } from '../observe/metrics.ts';
import type { RelayMetrics } from '../observe/relayMetrics.ts';
import type { SliMetrics } from '../observe/sliMetrics.ts';
import type { Relay } from '../relay/relay.ts';
import type { HealthState } from '../serve/healthState.ts';
import type { EventSink } from '../watch/events.ts';
import type { Store } from '../watch/store.ts';
import type { PacketCounts } from './packetCounts.ts';

/** What stays for as long as the agent runs. */
export interface ServersOptions {
  readonly version: string;
  readonly log: AdjustableLog;
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

/** All of it, as it is now. */
export interface Scene extends ServersOptions {
  view: ServersView;
  /** Of the last sync, with the mode that it was in. */
  shown: { readonly rendering: Rendering; readonly mode: Mode } | undefined;
  readonly relayMetrics: RelayMetrics;
  readonly slis: SliMetrics;
}
