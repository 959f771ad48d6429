/** Laws of the way from one mode to another, over random ServicePorts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MODES } from '../../src/backends/backend.ts';
import type { Backend, Mode } from '../../src/backends/backend.ts';
import { iptablesBackend } from '../../src/backends/iptables/index.ts';
import { ipvsBackend } from '../../src/backends/ipvs/index.ts';
import { userspaceBackend } from '../../src/backends/userspace/index.ts';
import type { Policy, ServicePort } from '../../src/model/types.ts';
import { takingOver } from '../../src/takeover/index.ts';
import { fakeNode } from '../support/fakeNode.ts';
import type { FakeNode } from '../support/fakeNode.ts';
import { arbitraryServicePort, POLICY, settled, snapshotOf } from '../support/servicePorts.ts';

const PROGRAMS = {
  families: [4, 6],
  names: {
    4: { restore: 'iptables-restore', save: 'iptables-save' },
    6: { restore: 'ip6tables-restore', save: 'ip6tables-save' },
  },
} as const;

const POLICIES: Readonly<Record<Mode, Policy>> = {
  iptables: POLICY,
  ipvs: {
    ...POLICY,
    ipvs: {
      ...{ scheduler: 'rr', available: undefined, strictARP: false },
      timeouts: { tcp: 0, tcpFin: 0, udp: 0 },
    },
  },
  userspace: {
    ...POLICY,
    userspace: {
      ...{ balancing: 'round-robin', withoutBridgeNetfilter: false },
      ...{ strictARP: false, keepsClientAddress: false },
    },
  },
};

function now(): number {
  return 0;
}

function backendOf(mode: Mode): Backend {
  const make: Readonly<Record<Mode, () => Backend>> = {
    iptables: () => iptablesBackend(PROGRAMS),
    ipvs: () => ipvsBackend({ programs: PROGRAMS, excludeCIDRs: [], drainTimeout: 0, now }),
    userspace: () => userspaceBackend({ programs: PROGRAMS, relayPort: 10_200 }),
  };
  const relayPort = mode === 'userspace' ? 10_200 : undefined;
  return takingOver(make[mode](), { programs: PROGRAMS, relayPort, drainTimeout: 0, now });
}

/**
 * A process in this mode: syncs, as if checks came one after the other, until nothing is left to do;
 * or until it is killed after so many operations.
 */
async function run(
  node: FakeNode,
  mode: Mode,
  ports: readonly ServicePort[],
  mostOperations = Infinity,
): Promise<void> {
  node.restart();
  const backend = backendOf(mode);
  const { rules } = backend.render(snapshotOf(settled(ports), { policy: POLICIES[mode] }));
  let left = mostOperations;
  for (let round = 0; round < 5; round += 1) {
    const { operations } = backend.plan(await backend.read(node.reader), rules);
    if (operations.length === 0) return;
    for (const operation of operations) {
      if (left === 0) return;
      left -= 1;
      await node.apply(operation);
    }
  }
  assert.fail(`mode ${mode} finds something to do each time`);
}

async function fresh(mode: Mode, ports: readonly ServicePort[]): Promise<string> {
  const node = fakeNode();
  await run(node, mode, ports);
  return node.dump();
}

const arbitraryPorts = fc.uniqueArray(arbitraryServicePort(), {
  maxLength: 12,
  selector: ({ key }) => key,
});
const arbitraryMode = fc.constantFrom(...MODES);

test('a node that is taken over is as one that never had another mode', async () => {
  const arbitrary = fc.tuple(arbitraryMode, arbitraryMode, arbitraryPorts, arbitraryPorts);
  await fc.assert(
    fc.asyncProperty(arbitrary, async ([from, to, before, after]) => {
      const node = fakeNode();
      await run(node, from, before);
      await run(node, to, after);
      assert.equal(withoutTraces(await node.dump()), withoutTraces(await fresh(to, after)));
    }),
    { numRuns: 150 },
  );
});

test('killed half-way, it is finished or undone by the next start, whichever mode that has', async () => {
  const modes = fc.tuple(arbitraryMode, arbitraryMode, arbitraryMode);
  const arbitrary = fc.tuple(modes, fc.nat({ max: 25 }), arbitraryPorts);
  await fc.assert(
    fc.asyncProperty(arbitrary, async ([[from, to, last], operations, ports]) => {
      const node = fakeNode();
      await run(node, from, ports);
      await run(node, to, ports, operations);
      await run(node, last, ports);
      assert.equal(withoutTraces(await node.dump()), withoutTraces(await fresh(last, ports)));
    }),
    { numRuns: 200 },
  );
});

/** Tables that are there as soon as somebody asks for them, and what ipvs mode sets and leaves. */
function withoutTraces(dump: string): string {
  return dump
    .split('\n')
    .filter((line) => !/^(?:\*|COMMIT|:[A-Z]+ |net\.ipv4\.(?:vs\.|ip_forward))/.test(line))
    .join('\n');
}
