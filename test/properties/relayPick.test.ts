/** Laws of picking endpoints, whatever happens in whatever order. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BALANCINGS } from '../../src/plan/relayTable.ts';
import type { Balancing, EndpointAddress, RelayService } from '../../src/plan/relayTable.ts';
import { createPicker, PICKER_DEFAULTS } from '../../src/relay/pick/picker.ts';
import type { Picker } from '../../src/relay/pick/picker.ts';

const ENDPOINTS = Array.from({ length: 6 }, (_, n) => `10.0.0.${n}:80` as EndpointAddress);
const CLIENTS = ['w', 'x', 'y', 'z'];
const someEndpoints = fc.subarray(ENDPOINTS);
const someButOne = fc.subarray(ENDPOINTS, { minLength: 1 });
const anyEndpoint = fc.constantFrom(...ENDPOINTS);
const anyClient = fc.constantFrom(...CLIENTS);
const anyBalancing = fc.constantFrom(...BALANCINGS);

function serviceOf(balancing: Balancing, rest: Partial<RelayService>): RelayService {
  const settings = { affinitySeconds: undefined, maxConnections: undefined, proxyProtocol: false };
  const lists = { cluster: [], local: [], ending: [] };
  return { name: 'a/b:/TCP/4', balancing, ...settings, ...lists, ...rest };
}

/** Chance that a seed decides: mulberry32. */
function chanceOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pickerOf(service: RelayService, seed: number): Picker {
  return createPicker(service, { ...PICKER_DEFAULTS, random: chanceOf(seed) });
}

/** How often each was picked, by connections that end at once. */
function countPicks(picker: Picker, clients: readonly string[]): Map<EndpointAddress, number> {
  const counts = new Map<EndpointAddress, number>();
  for (const client of clients) {
    const endpoint = picker.pick(client, 'cluster', [], 0) ?? assert.fail('none');
    picker.connected(endpoint, client, 0);
    picker.ended(endpoint);
    counts.set(endpoint, (counts.get(endpoint) ?? 0) + 1);
  }
  return counts;
}

type Step =
  | { readonly kind: 'pick'; readonly client: string; readonly tried: readonly EndpointAddress[] }
  | { readonly kind: 'fail'; readonly endpoint: EndpointAddress; readonly client: string }
  | { readonly kind: 'end' }
  | { readonly kind: 'wait'; readonly ms: number }
  | { readonly kind: 'update'; readonly service: Partial<RelayService> };

const anyUpdate = fc.record(
  {
    cluster: someEndpoints,
    local: someEndpoints,
    affinitySeconds: fc.constantFrom(undefined, 1, 60),
    balancing: anyBalancing,
  },
  { noNullPrototype: true },
);

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('pick'), client: anyClient, tried: someEndpoints }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('fail'), endpoint: anyEndpoint, client: anyClient }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end') }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait'), ms: fc.constantFrom(1, 999, 5000, 70_000) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('update'), service: anyUpdate }) },
);

interface World {
  readonly picker: Picker;
  service: RelayService;
  readonly running: EndpointAddress[];
  now: number;
}

function play(step: Step, world: World): void {
  const { picker, running } = world;
  switch (step.kind) {
    case 'update':
      world.service = { ...world.service, ...step.service };
      return picker.update(world.service);
    case 'fail':
      return picker.failed(step.endpoint, step.client, world.now);
    case 'wait':
      world.now += step.ms;
      return;
    case 'end':
      if (running.length > 0) picker.ended(running.pop() ?? assert.fail());
      return;
    case 'pick':
      return checkPick(step, world);
  }
}

function checkPick(step: Step & { kind: 'pick' }, { picker, service, running, now }: World): void {
  const left = service.cluster.filter((each) => !step.tried.includes(each));
  const picked = picker.pick(step.client, 'cluster', step.tried, now);
  if (picked === undefined) return assert.deepEqual(left, []);
  assert.ok(left.includes(picked));
  picker.connected(picked, step.client, now);
  running.push(picked);
}

test('what is picked is in the list and was not tried; none only when all were', () => {
  fc.assert(
    fc.property(anyUpdate, fc.nat(), fc.array(anyStep, { maxLength: 60 }), (first, seed, steps) => {
      const service = serviceOf(first.balancing, first);
      const world: World = { picker: pickerOf(service, seed), service, running: [], now: 0 };
      for (const step of steps) play(step, world);
      const known = [...world.service.cluster, ...world.service.local];
      for (const each of world.picker.setAside()) assert.ok(known.includes(each));
    }),
    { numRuns: 500 },
  );
});

test('never are all set aside: at least half of a list gets new connections', () => {
  fc.assert(
    fc.property(
      someButOne,
      fc.nat(),
      fc.array(anyEndpoint, { maxLength: 60 }),
      (cluster, seed, failed) => {
        const picker = pickerOf(serviceOf('round-robin', { cluster }), seed);
        for (const endpoint of failed) picker.failed(endpoint, 'c', 0);
        const used = new Set(cluster.map(() => picker.pick('c', 'cluster', [], 1)));
        assert.ok(!used.has(undefined));
        assert.ok(used.size * 2 >= cluster.length);
      },
    ),
  );
});

test('round robin and least connections give every endpoint the same, within one', () => {
  const anyTurn = fc.constantFrom('round-robin' as const, 'least-connections' as const);
  fc.assert(
    fc.property(anyTurn, someButOne, fc.nat(), fc.nat(200), (balancing, cluster, seed, count) => {
      const picker = pickerOf(serviceOf(balancing, { cluster }), seed);
      const counts = countPicks(picker, new Array<string>(count).fill('c'));
      for (const endpoint of cluster) {
        assert.ok(Math.abs((counts.get(endpoint) ?? 0) - count / cluster.length) < 1);
      }
    }),
  );
});

test('least connections picks among the least busy, however connections come and go', () => {
  const anyMove = fc.oneof(fc.constant('begin' as const), fc.nat());
  fc.assert(
    fc.property(someButOne, fc.nat(), fc.array(anyMove), (cluster, seed, moves) => {
      const picker = pickerOf(serviceOf('least-connections', { cluster }), seed);
      const running: EndpointAddress[] = [];
      const busy = (endpoint: EndpointAddress): number =>
        running.filter((each) => each === endpoint).length;
      for (const move of moves) {
        if (move === 'begin') {
          const endpoint = picker.pick('c', 'cluster', [], 0) ?? assert.fail('none');
          assert.equal(busy(endpoint), Math.min(...cluster.map(busy)));
          picker.connected(endpoint, 'c', 0);
          running.push(endpoint);
        } else {
          const [ended] = running.splice(move % Math.max(1, running.length), 1);
          if (ended !== undefined) picker.ended(ended);
        }
      }
    }),
  );
});

test('an endpoint set aside gets nothing before its time, then one connection', () => {
  const anyTime = fc.integer({ min: 0, max: 5000 });
  fc.assert(
    fc.property(anyBalancing, fc.nat(), fc.array(anyTime), (balancing, seed, times) => {
      const bad = ENDPOINTS[0] ?? assert.fail();
      const picker = pickerOf(serviceOf(balancing, { cluster: ENDPOINTS }), seed);
      for (let n = 0; n < PICKER_DEFAULTS.failuresInRow; n += 1) picker.failed(bad, 'c', 0);
      let probedAt: number | undefined;
      for (const now of times.sort((a, b) => a - b)) {
        const picked = picker.pick(`client ${now}`, 'cluster', [], now);
        if (picked !== bad) continue;
        // Jitter takes off a quarter at most.
        assert.ok(now >= PICKER_DEFAULTS.firstAsideMs * 0.75);
        assert.equal(probedAt, undefined);
        probedAt = now;
      }
    }),
  );
});

test('round robin stays even while another endpoint comes and goes', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.nat(7), { maxLength: 40 }), (seed, rounds) => {
      const [guest, ...stay] = ENDPOINTS;
      const picker = pickerOf(serviceOf('round-robin', { cluster: stay }), seed);
      const counts = new Map<EndpointAddress, number>(stay.map((each) => [each, 0]));
      for (const [index, count] of rounds.entries()) {
        picker.update(serviceOf('round-robin', { cluster: index % 2 === 0 ? ENDPOINTS : stay }));
        for (const [endpoint, more] of countPicks(picker, new Array<string>(count).fill('c'))) {
          if (endpoint !== guest) counts.set(endpoint, (counts.get(endpoint) ?? 0) + more);
        }
      }
      assert.ok(Math.max(...counts.values()) - Math.min(...counts.values()) <= 1);
    }),
  );
});

test('random is even in the long run, with some aside too', () => {
  const cluster = ENDPOINTS.slice(0, 4);
  const picker = pickerOf(serviceOf('random', { cluster }), 1);
  for (let n = 0; n < 3; n += 1) picker.failed(cluster[0] ?? assert.fail(), 'c', 0);
  const counts = countPicks(picker, new Array<string>(6000).fill('c'));
  assert.equal(counts.size, 3);
  for (const count of counts.values()) assert.ok(Math.abs(count - 2000) < 200, String(count));
});

test('affinity holds as long as its endpoint is there and its time lasts', () => {
  const anyVisit = fc.record({ client: anyClient, wait: fc.constantFrom(0, 5000, 9999) });
  fc.assert(
    fc.property(
      anyBalancing,
      fc.nat(),
      fc.array(anyVisit),
      fc.array(someEndpoints),
      (balancing, seed, visits, lists) => {
        const picker = pickerOf(serviceOf(balancing, { cluster: ENDPOINTS }), seed);
        const homes = new Map<string, { endpoint: EndpointAddress; until: number }>();
        let now = 0;
        for (const [index, { client, wait }] of visits.entries()) {
          now += wait;
          const cluster = lists[index] ?? ENDPOINTS;
          picker.update(serviceOf(balancing, { cluster, affinitySeconds: 10 }));
          for (const [each, { endpoint }] of homes) {
            if (!cluster.includes(endpoint)) homes.delete(each);
          }
          const endpoint = picker.pick(client, 'cluster', [], now);
          if (endpoint === undefined) continue;
          const home = homes.get(client);
          if (home !== undefined && now < home.until) assert.equal(endpoint, home.endpoint);
          picker.connected(endpoint, client, now);
          homes.set(client, { endpoint, until: now + 10_000 });
        }
      },
    ),
  );
});

test('maglev: the same client gets the same endpoint from every worker', () => {
  fc.assert(
    fc.property(someButOne, fc.nat(), fc.nat(), fc.string(), (cluster, one, other, client) => {
      const service = serviceOf('maglev', { cluster });
      const picked = pickerOf(service, one).pick(client, 'cluster', [], 0);
      assert.equal(pickerOf(service, other).pick(client, 'cluster', [], 0), picked);
    }),
  );
});

test('maglev: an endpoint set aside moves its own clients only', () => {
  const clients = Array.from({ length: 300 }, (_, n) => `client ${n}`);
  fc.assert(
    fc.property(fc.subarray(ENDPOINTS, { minLength: 2 }), fc.nat(), (cluster, seed) => {
      const picker = pickerOf(serviceOf('maglev', { cluster }), seed);
      const before = clients.map((client) => picker.pick(client, 'cluster', [], 0));
      const bad = cluster[0] ?? assert.fail();
      for (let n = 0; n < 3; n += 1) picker.failed(bad, 'c', 0);
      for (const [index, client] of clients.entries()) {
        const endpoint = picker.pick(client, 'cluster', [], 1);
        if (before[index] === bad) assert.notEqual(endpoint, bad);
        else assert.equal(endpoint, before[index]);
      }
    }),
    { numRuns: 20 },
  );
});
