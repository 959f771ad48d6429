/** Laws of ipvs mode over random ServicePorts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Installed, ObjectKey } from '../../src/backends/backend.ts';
import { ipvsBackend } from '../../src/backends/ipvs/index.ts';
import { parseIpvsKey } from '../../src/backends/ipvs/names.ts';
import { parseNodeKey } from '../../src/backends/sets/names.ts';
import type { ServiceHealth, ServiceKey } from '../../src/model/types.ts';
import { sortedMap } from '../../src/sorted/sortedMap.ts';
import type { FakeIpvs } from '../support/fakeIpvs.ts';
import { fakeIpvs } from '../support/fakeIpvs.ts';
import { arbitraryServicePort, endpoint, settled, snapshotOf } from '../support/servicePorts.ts';

const NOTHING: Installed = sortedMap();
const names = { restore: 'iptables-restore', save: 'iptables-save' };
function newBackend() {
  return ipvsBackend({
    programs: { families: [4, 6], names: { 4: names, 6: names } },
    excludeCIDRs: [],
    drainTimeout: 0,
    now: () => 0,
  });
}
const backend = newBackend();

/** A Service whose health check's port changes. */
const arbitraryHealth = fc.constantFrom(32000, 32001).map((port): ServiceHealth => {
  const reference = { kind: 'Service', namespace: 'ns', name: 'service-0', uid: '' } as const;
  const service = 'ns/service-0' as ServiceKey;
  return { service, reference, port, localEndpoints: { 4: 1, 6: 0 } };
});

const arbitrarySnapshot = fc
  .tuple(
    fc.uniqueArray(arbitraryServicePort(), { maxLength: 30, selector: ({ key }) => key }),
    arbitraryHealth,
  )
  .map(([ports, health]) => snapshotOf(settled(ports), { health: [health] }));

test('what was rendered last changes nothing', () => {
  fc.assert(
    fc.property(arbitrarySnapshot, arbitrarySnapshot, (before, after) => {
      const continued = backend.render(after, backend.render(before)).rules;
      assert.deepEqual([...continued.entries()], [...backend.render(after).rules.entries()]);
    }),
  );
});

test('after a plan nothing is left to do, but for what ends', () => {
  fc.assert(
    fc.property(arbitrarySnapshot, arbitrarySnapshot, (before, after) => {
      const [installed, desired] = [backend.render(before).rules, backend.render(after).rules];
      const { reached } = backend.plan(installed, desired);
      assert.deepEqual(backend.plan(reached, desired).operations, []);
    }),
  );
});

/** Which endpoints each port has, in each step; often the same, so that some come back. */
const arbitrarySteps = fc.array(
  fc.array(fc.subarray(['10.244.1.1', '10.244.1.2', '10.244.2.3']), { minLength: 3, maxLength: 3 }),
  { minLength: 2, maxLength: 8 },
);

test('a step from what was reached is as one from what was read', () => {
  let quick = 0;
  fc.assert(
    fc.property(arbitrarySnapshot, arbitrarySteps, (base, steps) => {
      const continued = newBackend();
      let installed = NOTHING;
      for (const lists of steps) {
        const ports = [...base.ports.values()].map((port, index) => {
          const ends = lists[index % lists.length] ?? [];
          if (index > 2 || port.family === 6) return port;
          return { ...port, clusterEndpoints: ends.map((ip) => endpoint(ip)) };
        });
        const { rules } = backend.render(snapshotOf(settled(ports)));
        const { reached, operations } = continued.plan(installed, rules);
        const afresh = newBackend().plan(installed, rules);
        assert.deepEqual([...reached.entries()], [...afresh.reached.entries()]);
        assert.deepEqual(operations, afresh.operations);
        if (installed !== NOTHING && operations.length > 0) quick += 1;
        installed = reached;
      }
    }),
  );
  assert.ok(quick > 100, `only ${String(quick)} steps changed anything`);
});

test('from nothing, what is reached is what is desired', () => {
  fc.assert(
    fc.property(arbitrarySnapshot, (snapshot) => {
      const { rules } = backend.render(snapshot);
      assert.deepEqual([...backend.plan(NOTHING, rules).reached.entries()], [...rules.entries()]);
    }),
  );
});

/** What the tools hold, by whom it is ours; a weight without what is said of its connections. */
function heldOf(installed: Installed): readonly (readonly [ObjectKey, string])[] {
  const kinds = new Set(['set', 'member', 'route', 'service', 'server']);
  return [...installed.entries()]
    .filter(([key]) => kinds.has((parseNodeKey(key) ?? parseIpvsKey(key))?.kind ?? ''))
    .map(([key, text]) => [key, text === '0 idle' ? '0' : text]);
}

/** Bring the node in line, as a sync does. */
async function sync(node: FakeIpvs, desired: Installed): Promise<void> {
  const { operations } = backend.plan(await backend.read(node.reader), desired);
  for (const operation of operations) node.apply(operation);
}

const ADDRESSES = { 4: ['192.0.2.11'], 6: ['2001:db8::11'] };

test('what the tools were given reads back as what is desired', async () => {
  await fc.assert(
    fc.asyncProperty(arbitrarySnapshot, async (snapshot) => {
      const node = fakeIpvs(ADDRESSES);
      const { rules } = backend.render(snapshot);
      await sync(node, rules);
      assert.deepEqual(heldOf(await backend.read(node.reader)), heldOf(rules));
    }),
  );
});

test('no tool refuses a line on the way from one state to another, nor is anything left over', async () => {
  await fc.assert(
    fc.asyncProperty(arbitrarySnapshot, arbitrarySnapshot, async (before, after) => {
      const node = fakeIpvs(ADDRESSES);
      const { rules } = backend.render(after);
      await sync(node, backend.render(before).rules);
      // Once to take the weight, and once more for what is idle then.
      await sync(node, rules);
      await sync(node, rules);
      assert.deepEqual(heldOf(await backend.read(node.reader)), heldOf(rules));
      await sync(node, NOTHING);
      assert.deepEqual(heldOf(await backend.read(node.reader)), []);
    }),
  );
});
