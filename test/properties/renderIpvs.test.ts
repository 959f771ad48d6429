/** Laws of ipvs mode over random ServicePorts. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Installed } from '../../src/backends/backend.ts';
import { ipvsBackend } from '../../src/backends/ipvs/index.ts';
import type { ServicePort } from '../../src/model/types.ts';
import { sortedMap } from '../../src/sorted/sortedMap.ts';
import { arbitraryServicePort, snapshotOf } from '../support/servicePorts.ts';

const NOTHING: Installed = sortedMap();
const names = { restore: 'iptables-restore', save: 'iptables-save' };
const backend = ipvsBackend({
  programs: { families: [4, 6], names: { 4: names, 6: names } },
  excludeCIDRs: [],
  drainTimeout: 0,
  now: () => 0,
});

/** No two Services at one address and port: claims have settled that before. */
function settled(ports: readonly ServicePort[]): readonly ServicePort[] {
  const taken = new Set<string>();
  return ports.map((port) => ({
    ...port,
    destinations: port.destinations.filter(({ ip, port: number }) => {
      const at = `${ip ?? ''} ${String(number)} ${port.protocol} ${String(port.family)}`;
      return taken.has(at) ? false : taken.add(at);
    }),
  }));
}

const arbitrarySnapshot = fc
  .uniqueArray(arbitraryServicePort(), { maxLength: 30, selector: ({ key }) => key })
  .map((ports) => snapshotOf(settled(ports)));

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
      const reached = backend.after(installed, desired);
      assert.deepEqual(backend.plan(reached, desired).operations, []);
    }),
  );
});

test('from nothing, what is reached is what is desired', () => {
  fc.assert(
    fc.property(arbitrarySnapshot, (snapshot) => {
      const { rules } = backend.render(snapshot);
      assert.deepEqual([...backend.after(NOTHING, rules).entries()], [...rules.entries()]);
    }),
  );
});
