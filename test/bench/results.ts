/** What is measured, all raw samples of it: the `results` of the JSON file. */
import type { BenchVariant } from './options.ts';

export interface Measurement {
  readonly services: number;
  readonly variant: BenchVariant;
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
  /** The tools with the same input, in an empty namespace. */
  readonly raw: number;
}

/** Milliseconds. */
export interface ChangeSample {
  /** From telling the API server until a new connection lands on the new endpoint. */
  readonly landed: number;
  /** The sync in it, as the agent logs it. */
  readonly sync: number;
  /** One iptables-restore that writes the same chain, or one `ipvsadm -R` of two lines. */
  readonly raw: number;
}

export interface ChurnResult {
  readonly changes: number;
  readonly syncs: number;
  /** Milliseconds until the sampled changes had landed. */
  readonly landed: readonly number[];
  /** Seconds. */
  readonly cpu: { readonly own: number; readonly tools: number };
  /** Processor seconds of as many runs of the tool as there were syncs, for as many changes. */
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
  /** How many rules of the dispatch a connection to the Service meets; 0 where there is none. */
  readonly rules: number;
  readonly throughService: readonly number[];
  readonly direct: readonly number[];
}
