/** A Relay that only keeps its table, and refuses what the real one refuses. */
import { parseLine } from '../../src/plan/relayTable.ts';
import type { RelayLine } from '../../src/plan/relayTable.ts';
import type { Relay, RelayCounts } from '../../src/relay/relay.ts';

export interface FakeRelay extends Relay {
  /** What `counts` answers. */
  show(counts: RelayCounts): void;
  /** `drain 25000`, `close` in the order of the calls. */
  readonly calls: readonly string[];
}

const NO_COUNTS: RelayCounts = {
  services: new Map(),
  files: { open: 0, limit: 1024 },
  acceptPauses: 0,
  workersRestarted: 0,
};

export function fakeRelay(port = 10_200): FakeRelay {
  const table = new Map<string, string>();
  const calls: string[] = [];
  let counts = NO_COUNTS;

  function follow(line: string): boolean {
    const parsed = parseLine(line);
    if (parsed === undefined) return false;
    if (parsed.kind.startsWith('no-')) table.delete(keyOf(parsed));
    else table.set(keyOf(parsed), line);
    return true;
  }

  return {
    port,
    bridgeProblem: undefined,
    calls,
    apply(lines) {
      const refused = lines.split('\n').filter((line) => line !== '' && !follow(line));
      if (refused.length === 0) return Promise.resolve();
      return Promise.reject(new Error(`expected lines of a table, found ${refused.join('; ')}`));
    },
    table: () => [...table.values()].sort().join('\n'),
    counts: () => counts,
    show(shown) {
      counts = shown;
    },
    drain(timeoutMs) {
      calls.push(`drain ${String(timeoutMs)}`);
      return Promise.resolve();
    },
    close() {
      calls.push('close');
      return Promise.resolve();
    },
  };
}

function keyOf(line: RelayLine): string {
  switch (line.kind) {
    case 'service':
      return line.service.name;
    case 'no-service':
      return line.name;
    case 'node-ports':
      return `node-ports ${String(line.nodePorts.family)}`;
    case 'no-node-ports':
      return `node-ports ${String(line.family)}`;
    case 'destination':
    case 'no-destination': {
      const { protocol, family, ip, port } =
        line.kind === 'destination' ? line.destination : line.address;
      return [protocol, family, ip, port].join(' ');
    }
  }
}
