/** Where a comparison happens, as those see it who measure: namespaces here, or a real cluster. */
import type { ServePorts } from '../servers/ports.ts';
import type { AgentCpu, Comparison, FigureName, Subject } from '../schema.ts';
import type { Probe } from './probe.ts';

/** Services that every ground has. */
export type ServiceName =
  /** Endpoints on one node, for speed. */
  | 'near'
  /** Endpoints on both nodes. */
  | 'spread'
  /** The same, with session affinity. */
  | 'sticky'
  /** One endpoint, which changes. */
  | 'moving';

export type FigureValue = readonly [FigureName, number];

/** Something that breaks: first silently, then the control plane notices. */
export interface Fault {
  readonly id: string;
  readonly title: string;
  /** How long the control plane takes to notice. */
  readonly noticedAfterMs: number;
  /** It breaks. */
  strike(): Promise<void>;
  /** The endpoint is taken out of the Service. */
  notice(): Promise<void>;
  /** All is as before. */
  heal(): Promise<void>;
}

export interface Ground {
  readonly about: Comparison['about'];
  readonly subjects: readonly Subject[];
  readonly absent: readonly Comparison['absent'][number][];
  readonly paths: readonly Comparison['paths'][number][];
  readonly faults: readonly Fault[];
  /** So many other Services, from the next `use` on. */
  resize(services: number): Promise<void>;
  /** Put this subject in force in place of the one before; its start's figures. */
  use(subject: Subject): Promise<readonly FigureValue[]>;
  probe(path: string): Probe;
  /** Where to dial on this path; empty where the path does not lead to that Service. */
  targets(
    subject: Subject,
    path: string,
    to: { readonly service: ServiceName; readonly port: keyof ServePorts },
  ): readonly string[];
  /** Spent by the agents since they started. */
  agentCpu(): Promise<AgentCpu>;
  /** How the subject in force looks now: memory, rules, objects. */
  state(): Promise<readonly FigureValue[]>;
  /** Give `moving` another endpoint; the name of the server that is to answer from now on. */
  move(): Promise<string>;
}
