/** A node in memory whose agents come and go, each with a relay of its own. */
import type { NodeReader } from '../../src/backends/backend.ts';
import type { Operation } from '../../src/plan/operation.ts';
import { withRelay } from '../../src/sync/relay.ts';
import { fakeNodeKernel } from './fakeNodeKernel.ts';
import { fakeRelay } from './fakeRelay.ts';

export interface FakeNode {
  readonly reader: NodeReader;
  /** Rejects what the real programs refuse. */
  apply(operation: Operation): Promise<void>;
  /** Another process: its relay knows nothing yet. */
  restart(): void;
  /** Everything on the node, equal for equal nodes. */
  dump(): Promise<string>;
}

export function fakeNode(): FakeNode {
  const node = fakeNodeKernel();
  let kernel = withRelay(node, fakeRelay());
  return {
    reader: {
      list: (program, args) => kernel.list(program, args),
      sysctl: (name) => node.sysctl(name),
    },
    apply: (operation) => kernel.apply(operation),
    restart() {
      kernel = withRelay(node, fakeRelay());
    },
    dump: () => node.dump(),
  };
}
