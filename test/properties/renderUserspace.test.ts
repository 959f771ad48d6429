/** Laws of userspace mode over random ServicePorts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Installed, NodeReader, ObjectKey } from '../../src/backends/backend.ts';
import { parseNodeKey } from '../../src/backends/sets/names.ts';
import { userspaceBackend } from '../../src/backends/userspace/index.ts';
import { isEntryKey } from '../../src/backends/userspace/names.ts';
import type { ServicePort } from '../../src/model/types.ts';
import { RELAY } from '../../src/plan/relayTable.ts';
import { sortedMap } from '../../src/sorted/sortedMap.ts';
import { fakeIpvs } from '../support/fakeIpvs.ts';
import { fakeRelay } from '../support/fakeRelay.ts';
import { arbitraryServicePort, settled, snapshotOf } from '../support/servicePorts.ts';

const NOTHING: Installed = sortedMap();
const names = { restore: 'iptables-restore', save: 'iptables-save' };
const backend = userspaceBackend({
  programs: { families: [4, 6], names: { 4: names, 6: names } },
  relayPort: 10_200,
});

const arbitraryPorts = fc.uniqueArray(arbitraryServicePort(), {
  maxLength: 30,
  selector: ({ key }) => key,
});
const arbitrarySnapshot = arbitraryPorts.map((ports) => snapshotOf(settled(ports)));

test('what was rendered last changes nothing', () => {
  fc.assert(
    fc.property(arbitrarySnapshot, arbitrarySnapshot, (before, after) => {
      const continued = backend.render(after, backend.render(before)).rules;
      assert.deepEqual([...continued.entries()], [...backend.render(after).rules.entries()]);
    }),
  );
});

test('after a plan nothing is left to do', () => {
  fc.assert(
    fc.property(arbitrarySnapshot, arbitrarySnapshot, (before, after) => {
      const [installed, desired] = [backend.render(before).rules, backend.render(after).rules];
      const { reached } = backend.plan(installed, desired);
      assert.deepEqual(backend.plan(reached, desired).operations, []);
    }),
  );
});

/** One endpoint less, where one is left in both lists, so that no verdict changes. */
function withoutOne(port: ServicePort): ServicePort {
  const [first, ...rest] = port.clusterEndpoints;
  if (first === undefined || rest.every(({ isLocal }) => isLocal !== first.isLocal)) return port;
  return {
    ...port,
    clusterEndpoints: rest,
    localEndpoints: port.localEndpoints.filter((each) => each !== first),
  };
}

test('an endpoint that goes is told to the relay, and no program is run', () => {
  fc.assert(
    fc.property(arbitraryPorts, (ports) => {
      const before = settled(ports);
      const [was, is] = [before, before.map(withoutOne)].map(
        (list) => backend.render(snapshotOf(list)).rules,
      );
      assert.ok(was && is);
      for (const operation of backend.plan(was, is).operations) {
        assert.equal(operation.kind === 'run' && operation.program, RELAY);
      }
    }),
  );
});

/** A node without iptables, beside a relay. */
function fakeNode() {
  const tools = fakeIpvs({ 4: ['192.0.2.11'], 6: ['2001:db8::11'] });
  const relay = fakeRelay();
  const reader: NodeReader = {
    ...tools.reader,
    list: (program, args) =>
      program === RELAY ? Promise.resolve(relay.table()) : tools.reader.list(program, args),
  };
  return {
    reader,
    /** As a sync does. */
    async sync(desired: Installed): Promise<void> {
      const { operations } = backend.plan(await backend.read(reader), desired);
      for (const operation of operations) {
        if (operation.kind === 'run' && operation.program === RELAY) {
          await relay.apply(operation.stdin ?? '');
        } else tools.apply(operation);
      }
    },
  };
}

/** What sets, routes and the table hold. */
function heldOf(installed: Installed): readonly (readonly [ObjectKey, string])[] {
  return [...installed.entries()].filter(
    ([key]) => isEntryKey(key) || (parseNodeKey(key)?.kind ?? 'address') !== 'address',
  );
}

test('no tool refuses a line on the way from one state to another, nor is anything left over', async () => {
  await fc.assert(
    fc.asyncProperty(arbitrarySnapshot, arbitrarySnapshot, async (before, after) => {
      const node = fakeNode();
      for (const snapshot of [before, after]) {
        const { rules } = backend.render(snapshot);
        await node.sync(rules);
        assert.deepEqual(heldOf(await backend.read(node.reader)), heldOf(rules));
      }
      await node.sync(NOTHING);
      assert.deepEqual(heldOf(await backend.read(node.reader)), []);
    }),
  );
});
