/** Laws of buildSnapshot over random clusters and random histories of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { buildSnapshot } from '../../src/model/snapshot.ts';
import type { SnapshotInputs } from '../../src/model/snapshot.ts';
import type { NodeInfo, Service, ServiceKey, Slice, Snapshot } from '../../src/model/types.ts';
import type { Family } from '../../src/net/family.ts';
import { parsedNode, parsedService, parsedSlice, POLICY } from '../support/builders.ts';

// A small world, so that Services meet each other's addresses and slices name the same endpoints.
const NAMES = ['a', 'a-1', 'b', 'c'];
const ADDRESSES = ['10.96.0.1', '10.96.0.2', '192.0.2.1', '192.0.2.2'];
const anyName = fc.constantFrom(...NAMES);
const someAddresses = fc.uniqueArray(fc.constantFrom(...ADDRESSES), { maxLength: 2 });
const anyPolicy = fc.constantFrom('Cluster', 'Local');

const anyPort = fc.record({
  name: fc.constantFrom('http', 'dns', ''),
  protocol: fc.constantFrom('TCP', 'UDP'),
  port: fc.constantFrom(53, 80),
  nodePort: fc.constantFrom(0, 30053, 30080),
});

const anyService = fc
  .record({
    name: anyName,
    type: fc.constantFrom('ClusterIP', 'NodePort', 'LoadBalancer'),
    clusterIPs: fc.constantFrom(['10.96.0.1'], ['10.96.0.2', 'fd00::2'], ['10.96.0.3', 'fd00::3']),
    externalIPs: someAddresses,
    ingress: someAddresses,
    loadBalancerSourceRanges: fc.constantFrom([], ['192.168.0.0/16'], ['fd00::/8'], ['0.0.0.0/0']),
    internalTrafficPolicy: anyPolicy,
    externalTrafficPolicy: anyPolicy,
    healthCheckNodePort: fc.constantFrom(0, 31000),
    creationTimestamp: fc.constantFrom('2024-01-01T00:00:00Z', '2025-01-01T00:00:00Z'),
    ports: fc.uniqueArray(anyPort, { maxLength: 3, selector: (port) => port.name + port.protocol }),
  })
  .map(parsedService);

const anyEndpoint = fc.record(
  {
    ip: fc.constantFrom('10.244.0.1', '10.244.0.2', '10.244.0.3'),
    nodeName: fc.constantFrom('node-1', 'node-2'),
    ready: fc.boolean(),
    serving: fc.boolean(),
    terminating: fc.boolean(),
    zoneHints: fc.constantFrom([], ['zone-a'], ['zone-b']),
    nodeHints: fc.constantFrom([], ['node-1'], ['node-2']),
  },
  { requiredKeys: ['ip'] },
);

const anySlice = fc
  .record({
    service: anyName,
    name: fc.constantFrom('s1', 's2', 's3', 's4'),
    endpoints: fc.array(anyEndpoint, { maxLength: 4 }),
    ports: fc.constantFrom(
      [{ name: 'http', port: 8080 }],
      [{ name: 'http', port: 9090 }, { port: 8080 }],
      [{ name: 'dns', protocol: 'UDP', port: 5353 }],
    ),
  })
  .map(parsedSlice);

const anyNode = fc
  .record({
    name: fc.constantFrom('node-1', 'node-2'),
    zone: fc.constantFrom('zone-a', 'zone-b'),
  })
  .map(parsedNode);

type Event =
  | { readonly kind: 'service'; readonly service: Service }
  | { readonly kind: 'service gone'; readonly key: ServiceKey }
  | { readonly kind: 'slice'; readonly slice: Slice }
  | { readonly kind: 'slice gone'; readonly name: string }
  | { readonly kind: 'node'; readonly node: NodeInfo }
  | { readonly kind: 'families'; readonly families: readonly Family[] }
  | { readonly kind: 'build' };

type Change = Exclude<Event, { kind: 'build' }>;

const anyEvent: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('service' as const), service: anyService }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('slice' as const), slice: anySlice }) },
  {
    weight: 2,
    arbitrary: anyName.map((name) => ({
      kind: 'service gone' as const,
      key: `default/${name}` as ServiceKey,
    })),
  },
  {
    weight: 2,
    arbitrary: fc.constantFrom('s1', 's2').map((name) => ({ kind: 'slice gone' as const, name })),
  },
  { weight: 1, arbitrary: anyNode.map((node) => ({ kind: 'node' as const, node })) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<readonly Family[]>([4], [4, 6], [6])
      .map((families) => ({ kind: 'families' as const, families })),
  },
  { weight: 6, arbitrary: fc.constant({ kind: 'build' as const }) },
);

/** The latest objects and what became dirty, as a store keeps them. */
class World {
  node = parsedNode();
  families: readonly Family[] = [4, 6];
  readonly services = new Map<ServiceKey, Service>();
  readonly slices = new Map<string, Slice>();
  dirty = new Set<ServiceKey>();

  apply(event: Change): void {
    switch (event.kind) {
      case 'service':
        this.services.set(event.service.key, event.service);
        this.dirty.add(event.service.key);
        break;
      case 'service gone':
        this.services.delete(event.key);
        this.dirty.add(event.key);
        break;
      case 'slice':
        this.putSlice(event.slice.reference.name, event.slice);
        break;
      case 'slice gone':
        this.putSlice(event.name, undefined);
        break;
      case 'node':
        this.node = event.node;
        break;
      case 'families':
        this.families = event.families;
        break;
    }
  }

  private putSlice(name: string, slice: Slice | undefined): void {
    const before = this.slices.get(name);
    if (before !== undefined) this.dirty.add(before.service);
    if (slice !== undefined) this.dirty.add(slice.service);
    if (slice === undefined) this.slices.delete(name);
    else this.slices.set(name, slice);
  }

  inputs(): SnapshotInputs {
    return {
      node: this.node,
      policy: POLICY,
      families: this.families,
      service: (key) => this.services.get(key),
      slicesOf: (key) => [...this.slices.values()].filter((slice) => slice.service === key),
      serviceKeys: () => this.services.keys(),
    };
  }

  takeDirty(): ReadonlySet<ServiceKey> {
    const taken = this.dirty;
    this.dirty = new Set();
    return taken;
  }
}

test('law: building on the last Snapshot gives what building from nothing gives', () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 40 }), (events) => {
      const world = new World();
      let last: Snapshot | undefined;
      for (const event of [...events, { kind: 'build' } as const]) {
        if (event.kind !== 'build') {
          world.apply(event);
          continue;
        }
        const next = buildSnapshot(world.inputs(), last, last && world.takeDirty());
        assert.deepEqual(contentOf(next), contentOf(buildSnapshot(world.inputs())));
        if (last !== undefined) assertShared(last, next);
        last = next;
      }
    }),
    { numRuns: 300 },
  );
});

test('law: the order of events of different objects does not matter', () => {
  const services = fc.uniqueArray(anyService, { selector: ({ key }) => key });
  const slices = fc.uniqueArray(anySlice, { selector: ({ reference }) => reference.name });
  const twoOrders = fc.tuple(services, slices).chain(([first, second]) => {
    const events: Change[] = [
      ...first.map((service) => ({ kind: 'service' as const, service })),
      ...second.map((slice) => ({ kind: 'slice' as const, slice })),
    ];
    const shuffled = fc.shuffledSubarray(events, { minLength: events.length });
    return fc.tuple(fc.constant(events), shuffled);
  });
  fc.assert(
    fc.property(twoOrders, ([events, shuffled]) => {
      assert.deepEqual(contentOf(built(shuffled)), contentOf(built(events)));
    }),
  );
});

test('law: every address, port and protocol belongs to one ServicePort', () => {
  fc.assert(
    fc.property(fc.array(anyService), (services) => {
      const snapshot = built(services.map((service) => ({ kind: 'service', service })));
      const owned = [...snapshot.ports.values()].flatMap(({ destinations, protocol, family }) =>
        destinations.map(
          ({ ip, port }) => `${ip ?? `NodePort/${String(family)}`} ${String(port)}/${protocol}`,
        ),
      );
      assert.equal(new Set(owned).size, owned.length);
    }),
  );
});

function built(events: readonly Change[]): Snapshot {
  const world = new World();
  for (const event of events) world.apply(event);
  return buildSnapshot(world.inputs());
}

/** Everything in a Snapshot, the claims included, as plain data. */
function contentOf(snapshot: Snapshot): Readonly<Record<string, unknown>> {
  const { ports, health, problems, services, claims, ...ground } = snapshot;
  const maps = [ports, health, problems, services, claims];
  return { ...ground, maps: maps.map((map) => [...map.entries()]) };
}

/** What looks the same is the same object. */
function assertShared(before: Snapshot, after: Snapshot): void {
  for (const [key, port] of after.ports.entries()) {
    const former = before.ports.get(key);
    if (former !== undefined && former !== port) assert.notDeepEqual(former, port);
  }
  if (before !== after) assert.notDeepEqual(contentOf(before), contentOf(after));
}
