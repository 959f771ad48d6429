/** The node's kernel, as everyone else sees it. */
import type { NodeReader } from '../backends/backend.ts';
import type { Operation } from '../plan/operation.ts';

export interface Kernel extends NodeReader {
  /** Carry out one operation; throws KernelError, after which the node's state is unknown. */
  apply(operation: Operation, signal?: AbortSignal): Promise<void>;
}
