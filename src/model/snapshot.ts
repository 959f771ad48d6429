/**
 * The pure heart: Services and EndpointSlices → Snapshot. A new Snapshot shares with the one before
 * whatever did not change, down to the single ServicePort, and costs only what did.
 */
import type { Family } from '../net/family.ts';
import { edit, sortedMap } from '../sorted/sortedMap.ts';
import type { SortedMap } from '../sorted/sortedMap.ts';
import { settleClaims } from './claimTable.ts';
import type { ServiceChange } from './claimTable.ts';
import { isEqual } from './equal.ts';
import { portKeyPrefix } from './names.ts';
import { decide } from './servicePorts.ts';
import type {
  NodeInfo,
  Policy,
  PortKey,
  Problem,
  Service,
  ServiceHealth,
  ServiceKey,
  ServicePort,
  Slice,
  Snapshot,
} from './types.ts';

/** Where a Snapshot is made from: the node, the operator's choices and the latest objects. */
export interface SnapshotInputs {
  readonly node: NodeInfo;
  readonly policy: Policy;
  readonly families: readonly Family[];
  service(key: ServiceKey): Service | undefined;
  slicesOf(key: ServiceKey): Iterable<Slice>;
  serviceKeys(): Iterable<ServiceKey>;
}

const NO_NODE: NodeInfo = { name: '', ips: [], zone: undefined, podCIDRs: [], isLeaving: false };

/** A Snapshot of a cluster without Services. */
export function emptySnapshot(policy: Policy, families: readonly Family[]): Snapshot {
  return {
    node: NO_NODE,
    policy,
    families,
    ports: sortedMap(),
    health: sortedMap(),
    problems: sortedMap(),
    services: sortedMap(),
    claims: sortedMap(),
  };
}

/**
 * The Snapshot of what the inputs hold now. `dirty` names every Service that changed, or whose
 * slices did, since `previous`; without it, or on another node or under another policy, all are
 * looked at. Whatever `previous` was, the content is the same, and `previous` itself is returned
 * when nothing changed.
 */
export function buildSnapshot(
  inputs: SnapshotInputs,
  previous: Snapshot = emptySnapshot(inputs.policy, inputs.families),
  dirty?: ReadonlySet<ServiceKey>,
): Snapshot {
  const base = onGround(inputs, previous);
  const isPartial = base === previous && dirty !== undefined;
  const keys = isPartial ? dirty : new Set([...previous.services.keys(), ...inputs.serviceKeys()]);
  const changes = changedServices(inputs, base, keys);
  const { claims, affected } = settleClaims(base.claims, base.families, changes.values());
  const services = applied(
    base.services,
    Array.from(changes, ([key, change]) => [key, change.after]),
  );
  const next = { ...base, services, claims };
  return redecided(inputs, base, next, new Set([...keys, ...affected]));
}

/** `previous`, or on another node or under another policy only what it decided, to be reused. */
function onGround(inputs: SnapshotInputs, previous: Snapshot): Snapshot {
  const { node, policy, families } = inputs;
  const ground = { node, policy, families };
  const { node: lastNode, policy: lastPolicy, families: lastFamilies } = previous;
  const lastGround = { node: lastNode, policy: lastPolicy, families: lastFamilies };
  if (isEqual(ground, lastGround)) return previous;
  return { ...previous, ...ground, services: sortedMap(), claims: sortedMap() };
}

function changedServices(
  inputs: SnapshotInputs,
  base: Snapshot,
  keys: Iterable<ServiceKey>,
): ReadonlyMap<ServiceKey, ServiceChange> {
  const changes = new Map<ServiceKey, ServiceChange>();
  for (const key of keys) {
    const before = base.services.get(key);
    const after = inputs.service(key);
    if (!isEqual(before, after)) changes.set(key, { before, after });
  }
  return changes;
}

/** `next` with these Services decided again; `base` itself if that changes nothing at all. */
function redecided(
  inputs: SnapshotInputs,
  base: Snapshot,
  next: Snapshot,
  keys: Iterable<ServiceKey>,
): Snapshot {
  const ports: Change<PortKey, ServicePort>[] = [];
  const health: Change<ServiceKey, ServiceHealth>[] = [];
  const problems: Change<ServiceKey, readonly Problem[]>[] = [];
  for (const key of keys) {
    const service = next.services.get(key);
    const decided = service && decide(service, inputs.slicesOf(key), next);
    ports.push(...portChanges(base, key, decided?.ports ?? []));
    health.push([key, decided?.health]);
    problems.push([key, decided?.problems.length ? decided.problems : undefined]);
  }
  const result = {
    ...next,
    ports: applied(base.ports, ports),
    health: applied(base.health, health),
    problems: applied(base.problems, problems),
  };
  return isSameContent(base, result) ? base : result;
}

/** What becomes of the ports of one Service; undefined for those it no longer has. */
function portChanges(
  base: Snapshot,
  service: ServiceKey,
  ports: readonly ServicePort[],
): Iterable<Change<PortKey, ServicePort>> {
  const prefix = portKeyPrefix(service);
  const changes = new Map<PortKey, ServicePort | undefined>();
  for (const [key] of base.ports.entriesFrom(prefix)) {
    if (!key.startsWith(prefix)) break;
    changes.set(key, undefined);
  }
  for (const port of ports) changes.set(port.key, port);
  return changes;
}

/** A key and its new value, or undefined to remove it. */
type Change<K, V> = readonly [K, V | undefined];

/** The map after these changes; the same map, and the same values in it, where they change nothing. */
function applied<K extends string, V>(
  map: SortedMap<K, V>,
  changes: readonly Change<K, V>[],
): SortedMap<K, V> {
  const effective = changes.filter(([key, value]) => !isEqual(map.get(key), value));
  if (effective.length === 0) return map;
  return edit(map, (editor) => {
    for (const [key, value] of effective) {
      if (value === undefined) editor.delete(key);
      else editor.set(key, value);
    }
  });
}

function isSameContent(a: Snapshot, b: Snapshot): boolean {
  return (
    a.ports === b.ports &&
    a.health === b.health &&
    a.problems === b.problems &&
    a.services === b.services &&
    a.claims === b.claims
  );
}
