/** Laws of the UDP relay's flow table and of looking destinations up, against simple models. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RelayDestination } from '../../src/plan/relayTable.ts';
import { ipBytes } from '../../src/relay/native/socketAddress.ts';
import { createTable } from '../../src/relay/table.ts';
import { createFlowTable } from '../../src/relay/udp/flowTable.ts';
import type { Flow } from '../../src/relay/udp/flow.ts';
import { aFlow } from '../unit/relay/udp/flows.ts';

type Step =
  | { readonly kind: 'client' | 'endpoint'; readonly key: number }
  | { readonly kind: 'wait'; readonly ms: number };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constantFrom('client' as const, 'endpoint' as const),
      key: fc.nat(9),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(150) }),
  },
);

const LIMITS = { mostFlows: 4, oneWayMs: 100, twoWayMs: 300 };

test('flows are bounded, end when idle, and two-way ones for no other reason', () => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 80 }), (steps) => {
      const live = new Map<number, Flow>();
      let now = 0;
      let isExpiring = false;
      const table = createFlowTable(LIMITS, (flow) => {
        const timeoutMs = flow.isTwoWay ? LIMITS.twoWayMs : LIMITS.oneWayMs;
        if (isExpiring) assert.ok(now - flow.activeAt >= timeoutMs);
        else assert.ok(!flow.isTwoWay && [...live.values()].every((each) => isOlder(flow, each)));
        table.remove(flow);
        live.delete(Number(flow.key));
      });

      const speak = (key: number): void => {
        let flow = live.get(key);
        if (flow === undefined) {
          if (!table.makeRoom(now, 0))
            return assert.ok([...live.values()].every((f) => f.isTwoWay));
          flow = aFlow(key);
          live.set(key, flow);
          table.add(flow);
        }
        table.clientSpoke(flow, now);
      };
      const answer = (key: number): void => {
        const flow = live.get(key);
        if (flow !== undefined) table.endpointSpoke(flow, now);
      };
      const wait = (ms: number): void => {
        now += ms;
        isExpiring = true;
        table.expire(now);
        isExpiring = false;
        for (const { isTwoWay, activeAt } of live.values()) {
          assert.ok(now - activeAt < (isTwoWay ? LIMITS.twoWayMs : LIMITS.oneWayMs));
        }
      };

      for (const step of steps) {
        if (step.kind === 'wait') wait(step.ms);
        else if (step.kind === 'client') speak(step.key);
        else answer(step.key);
        assert.equal(table.size(), live.size);
        assert.ok(live.size <= LIMITS.mostFlows);
      }
    }),
    { numRuns: 300 },
  );
});

/** Whether it may be evicted before the other. */
function isOlder(flow: Flow, other: Flow): boolean {
  return other.isTwoWay || flow.activeAt <= other.activeAt;
}

const anyAddress = fc.constantFrom(
  { family: 4 as const, ip: '10.96.0.1' },
  { family: 4 as const, ip: '10.96.0.2' },
  { family: 4 as const, ip: undefined },
  { family: 6 as const, ip: 'fd00::1' },
  { family: 6 as const, ip: 'fd00::1:0' },
  { family: 6 as const, ip: undefined },
);

const anyChange = fc
  .record({
    address: anyAddress,
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
    port: fc.constantFrom(53, 80, 65_535),
    isRemoval: fc.boolean(),
    service: fc.constantFrom('a', 'b'),
  })
  .map(({ address, ...rest }) => ({ ...address, ...rest }));

test('a destination is found as a plain list of all of them would tell', () => {
  fc.assert(
    fc.property(fc.array(anyChange, { maxLength: 30 }), (changes) => {
      const all = new Map<string, RelayDestination>();
      const table = createTable({ create: () => 0, update: () => 0, remove: () => 0 });
      for (const { isRemoval, service, ...address } of changes) {
        const destination = { ...address, service, inside: 'local', outside: 'local' } as const;
        const key = `${address.protocol} ${address.family} ${address.ip} ${address.port}`;
        if (isRemoval) all.delete(key);
        else all.set(key, destination);
        if (isRemoval) table.follow({ kind: 'no-destination', address });
        else table.follow({ kind: 'destination', destination });
      }
      for (const {
        protocol,
        family,
        ip = family === 4 ? '192.0.2.1' : 'fd00::2',
        port,
      } of changes) {
        const any = all.get(`${protocol} ${family} undefined ${port}`);
        const expected = all.get(`${protocol} ${family} ${ip} ${port}`) ?? any;
        assert.deepEqual(table.find(protocol, ipBytes(ip), port), expected);
      }
    }),
  );
});
