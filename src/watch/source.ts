/** The one door through which objects come in, whether from an API server or from files. */

export const KINDS = ['Service', 'EndpointSlice', 'Node'] as const;
export type Kind = (typeof KINDS)[number];

/** `namespace/name`, or `/name` for a Node. */
export type ObjectName = string;

/** Where a source puts what it sees. Objects are raw and hostile; the sink validates them. */
export interface ObjectSink {
  /** A full list of this kind begins. */
  listStarted(kind: Kind): void;
  /** An object as the API spells it, new or changed. The source keeps no reference to it. */
  put(kind: Kind, object: unknown): void;
  /** The list is complete: what was not put since `listStarted` is gone, and the kind is synced. */
  listFinished(kind: Kind): void;
  remove(kind: Kind, name: ObjectName): void;
}

export interface ObjectSource {
  /** Begin to feed the sink; returns at once. Never throws for what may heal by itself. */
  start(sink: ObjectSink): void;
  /** Stop feeding; resolves when nothing more will reach the sink. */
  stop(): Promise<void>;
}
