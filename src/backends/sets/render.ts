/** Snapshot → Rules. What did not change since the last rendering is not looked at. */
import type { ServiceHealth, ServicePort, Snapshot } from '../../model/types.ts';
import { difference, edit, sortedMap } from '../../sorted/sortedMap.ts';
import type { SortedMapEditor } from '../../sorted/sortedMap.ts';
import type { ObjectKey, Rendering } from '../backend.ts';
import { memberKey } from './names.ts';
import type { NamedObject } from './names.ts';
import { changeWishes, NO_WISHES } from './shared.ts';
import type { WishChange, Wishes } from './shared.ts';
import { groundOf } from './vip.ts';
import type { Ground, PortObjects } from './vip.ts';

/** What a mode makes of a Snapshot. */
export interface Objects {
  /** Those that do not depend on Services. */
  staticObjects(snapshot: Snapshot): readonly NamedObject[];
  portObjects(port: ServicePort, ground: Ground): PortObjects;
}

/** A function that renders every object that a Snapshot wants; the same whatever `last` is. */
export function renderer(mode: Objects): (snapshot: Snapshot, last?: Rendering) => Rendering {
  // Only a memory: without it a rendering starts from nothing and ends the same.
  const memory = new WeakMap<Rendering, Wishes>();
  return (snapshot, last) => {
    const isKnown = last !== undefined && memory.has(last) && isContinued(last, snapshot);
    const base = isKnown ? last : emptyOf(mode, snapshot);
    let wishes = memory.get(base) ?? NO_WISHES;
    const rules = edit(base.rules, (objects) => {
      const ground = groundOf(snapshot);
      const draft: Draft = { mode, snapshot, ground, objects, leaving: [], coming: [] };
      applyPorts(draft, base.snapshot);
      applyHealth(draft, base.snapshot);
      wishes = changeWishes(wishes, draft.leaving, draft.coming, objects);
    });
    const rendering = { snapshot, rules };
    memory.set(rendering, wishes);
    return rendering;
  };
}

/** Everything static depends on these; a change of them starts anew. */
function isContinued(last: Rendering, { policy, families, node }: Snapshot): boolean {
  const { snapshot: before } = last;
  return (
    before.policy === policy &&
    before.families === families &&
    before.node.ips.join() === node.ips.join()
  );
}

/** The rendering of a Snapshot without Services. */
function emptyOf({ staticObjects }: Objects, snapshot: Snapshot): Rendering {
  const nothing = {
    ...snapshot,
    ports: sortedMap<never, never>(),
    health: sortedMap<never, never>(),
  };
  return { snapshot: nothing, rules: sortedMap(staticObjects(snapshot)) };
}

/** A rendering in the making. */
interface Draft {
  readonly mode: Objects;
  readonly snapshot: Snapshot;
  readonly ground: Ground;
  readonly objects: SortedMapEditor<ObjectKey, string>;
  readonly leaving: WishChange[];
  readonly coming: WishChange[];
}

/** All that goes before all that comes: an address may pass from one ServicePort to another. */
function applyPorts(draft: Draft, before: Snapshot): void {
  const coming: ServicePort[] = [];
  difference(before.ports, draft.snapshot.ports, {
    added: (_key, port) => {
      coming.push(port);
    },
    removed: (_key, port) => {
      removePort(draft, port);
    },
    changed: (_key, was, is) => {
      removePort(draft, was);
      coming.push(is);
    },
  });
  for (const port of coming) addPort(draft, port);
}

function addPort(draft: Draft, port: ServicePort): void {
  const { own, shared } = draft.mode.portObjects(port, draft.ground);
  for (const [key, text] of own) draft.objects.set(key, text);
  draft.coming.push(...shared.map((each) => ({ port: port.key, shared: each })));
}

function removePort(draft: Draft, port: ServicePort): void {
  const { own, shared } = draft.mode.portObjects(port, draft.ground);
  for (const [key] of own) draft.objects.delete(key);
  draft.leaving.push(...shared.map((each) => ({ port: port.key, shared: each })));
}

/** Load balancers must reach the health check even where INPUT drops by default. */
function applyHealth({ snapshot, objects }: Draft, before: Snapshot): void {
  const keysOf = ({ port }: ServiceHealth): readonly ObjectKey[] =>
    snapshot.families.map((family) => memberKey(family, 'KUBE-HEALTH', String(port)));
  const add = (health: ServiceHealth): void => {
    for (const key of keysOf(health)) objects.set(key, '');
  };
  const remove = (health: ServiceHealth): void => {
    for (const key of keysOf(health)) objects.delete(key);
  };
  const coming: ServiceHealth[] = [];
  difference(before.health, snapshot.health, {
    added: (_key, health) => {
      coming.push(health);
    },
    removed: (_key, health) => {
      remove(health);
    },
    changed: (_key, was, is) => {
      remove(was);
      coming.push(is);
    },
  });
  for (const health of coming) add(health);
}
