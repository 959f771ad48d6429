/** The only interface that the modes share. */
import type { Snapshot } from '../model/types.ts';
import type { Plan } from '../plan/operation.ts';
import type { SortedMap } from '../sorted/sortedMap.ts';

export const MODES = ['iptables', 'ipvs', 'userspace'] as const;
export type Mode = (typeof MODES)[number];

/** Names one object on the node, in the backend's own scheme: `4/nat/chain/KUBE-SERVICES`. */
export type ObjectKey = string & { readonly __brand: 'ObjectKey' };

/** Every object we want on the node, with its full canonical text. */
export type Rules = SortedMap<ObjectKey, string>;

/** Every object of ours that is on the node; the text is as the kernel's tools print it. */
export type Installed = SortedMap<ObjectKey, string>;

/** What `render` made of a Snapshot; handed back to it, it saves work and changes nothing else. */
export interface Rendering {
  readonly snapshot: Snapshot;
  readonly rules: Rules;
}

/** The door through which a backend may look at the node; it cannot change anything. */
export interface NodeReader {
  /**
   * Standard output of a program that only lists; throws KernelError when it fails, also when the
   * signal ends it.
   */
  list(program: string, args: readonly string[], signal?: AbortSignal): Promise<string>;
  /** A sysctl's value without the newline, or undefined when this kernel has none of that name. */
  sysctl(name: string): Promise<string | undefined>;
}

/** What is to be done, and what comes of it. */
export interface BackendPlan extends Plan {
  /** What the node holds when all is done; more than is desired where things end slowly. */
  readonly reached: Installed;
  /** Packets take another way altogether: what the kernel remembers of UDP flows must go. */
  readonly movesFlows?: true;
}

export interface Backend {
  readonly mode: Mode;
  /** Pure; `render(s, last)` equals `render(s)` for every `last`. */
  render(snapshot: Snapshot, last?: Rendering): Rendering;
  /** Reads only. */
  read(node: NodeReader): Promise<Installed>;
  /**
   * Pure: the ordered operations that turn `installed` into `desired`. Nothing at all desired is
   * the end: then nothing of ours may stay, not even for the sake of running connections.
   */
  plan(installed: Installed, desired: Rules): BackendPlan;
}
