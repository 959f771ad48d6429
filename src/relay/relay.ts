/** The userspace data plane, as the rest of the agent sees it. */

export interface Relay {
  /** The port at which every listener of this process stands; the TPROXY rules name it. */
  readonly port: number;
  /**
   * Why pods on a bridge cannot be served as long as bridge netfilter is on (the kernel is older than
   * 5.17, or does not allow bpf(2)); undefined where they can.
   */
  readonly bridgeProblem: string | undefined;
  /**
   * Follow lines of `plan/relayTable.ts`; resolves when every worker does. A line that is none is
   * refused by name while the others are followed.
   */
  apply(lines: string): Promise<void>;
  /** The table as it is now: lines that would make it anew, sorted. */
  table(): string;
  counts(): RelayCounts;
  /**
   * Let running connections end, for at most that long, in milliseconds (or for ever: Infinity), serving new ones meanwhile;
   * then refuse none of the last ones: new SYNs are left unanswered, which a client sends again, to
   * the process that follows. Resolves when every socket is closed.
   */
  drain(timeoutMs: number): Promise<void>;
  /** Close everything at once. */
  close(): Promise<void>;
}

/** Why a client's connection came to nothing, or an attempt at one endpoint did. */
export const FAILURES = [
  'refused',
  'timed-out',
  'unreachable',
  'reset',
  'no-endpoint',
  'over-limit',
  'out-of-files',
] as const;
export type Failure = (typeof FAILURES)[number];

/** Since the process began, but for those that say "now". */
export interface ServiceCounts {
  readonly connections: number;
  /** Running now; for UDP, flows. */
  readonly active: number;
  /** Attempts at a further endpoint after one that failed. */
  readonly retries: number;
  /** Failed attempts at endpoints by kind, and clients that were let down (`no-endpoint` …). */
  readonly failures: Readonly<Record<Failure, number>>;
  readonly bytesToEndpoints: number;
  readonly bytesToClients: number;
  /** Endpoints that are set aside now because they kept failing. */
  readonly setAside: number;
  /** How long connecting to an endpoint took: how many were at most CONNECT_BUCKETS[i] seconds. */
  readonly connectSeconds: readonly number[];
}

/** Upper bounds in seconds; one more count stands behind the last, for everything above. */
export const CONNECT_BUCKETS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1, 5,
] as const;

export interface RelayCounts {
  readonly services: ReadonlyMap<string, ServiceCounts>;
  /** Open file descriptors of the relay's own, and the most it lets there be. */
  readonly files: { readonly open: number; readonly limit: number };
  /** How often a listener waited because descriptors were short. */
  readonly acceptPauses: number;
  /** Workers that ended by a fault and were started again. */
  readonly workersRestarted: number;
}
