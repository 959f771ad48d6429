/** What is measured, all raw samples of it: the `results` of the JSON file. */
import type { Variant } from '../lab/agentProcess.ts';

export interface Measurement {
  readonly services: number;
  readonly variant: Variant;
  readonly start: readonly StartSample[];
  readonly change: readonly ChangeSample[];
  readonly churn: ChurnResult;
  readonly memory: MemoryResult;
  readonly connections: ConnectionsResult;
}

/** Milliseconds. */
export interface StartSample {
  /** From starting the program until a connection through the last Service is answered. */
  readonly firstPacket: number;
  /** The part of the first sync in it, as the agent logs it. */
  readonly firstSync: number;
  /** iptables-restore and ip6tables-restore with the same rules, in an empty namespace. */
  readonly raw: number;
}

/** Milliseconds. */
export interface ChangeSample {
  /** From telling the API server until a new connection lands on the new endpoint. */
  readonly landed: number;
  /** One iptables-restore that writes the same chain. */
  readonly raw: number;
}

export interface ChurnResult {
  readonly changes: number;
  readonly syncs: number;
  /** Milliseconds until the sampled changes had landed. */
  readonly landed: readonly number[];
  /** Seconds. */
  readonly cpu: { readonly own: number; readonly tools: number };
  /** Processor seconds of as many iptables-restore as there were syncs, for as many changes. */
  readonly rawCpu: number;
}

/** Resident memory of the agent, in millions of bytes. */
export interface MemoryResult {
  readonly afterFirstSync: number;
  readonly atEnd: number;
  readonly peak: number;
}

/** New connections a second, in rounds by turns. */
export interface ConnectionsResult {
  /** How many rules of the dispatch a connection to the Service meets. */
  readonly rules: number;
  readonly throughService: readonly number[];
  readonly direct: readonly number[];
}
