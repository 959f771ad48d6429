/**
 * The order in which a node passes from one mode to another: as states that follow each other, each
 * of which has a path for a new connection and keeps the ones that run. README.md tells why.
 */
import { difference, edit } from '../sorted/sortedMap.ts';
import type { Installed, Mode, ObjectKey } from '../backends/backend.ts';
import { chainKey, parseKey } from '../backends/iptables/names.ts';
import type { KeyParts } from '../backends/iptables/names.ts';
import { parseIpvsKey } from '../backends/ipvs/names.ts';
import type { IpvsKind } from '../backends/ipvs/names.ts';
import { parseNodeKey } from '../backends/sets/names.ts';
import { FAMILIES } from '../net/family.ts';
import { openGate, openInput } from './gate.ts';
import type { GateOptions } from './gate.ts';

/** What moves together. Sysctls move with the filter rules that guard them. */
type Part = 'nat' | 'filter' | 'mangle' | 'settings' | 'servers' | 'device' | 'rest';

/** States between `installed` and `goal`; the last is `goal`. */
export function steps(
  installed: Installed,
  goal: Installed,
  options: GateOptions,
): readonly Installed[] {
  const { mode } = options;
  const gated = edit(goal, (target) => {
    openGate(target, installed, options);
    openInput(target);
  });
  const isRelayed = FAMILIES.some((family) =>
    installed.has(chainKey(family, 'mangle', 'KUBE-RELAY')),
  );
  const states: Installed[] = [];
  const prepared: readonly Part[] = isRelayed ? ['rest'] : ['rest', 'servers'];
  // What IPVS needs of the node is there before its first connection: conntrack, above all.
  let state = withMoved(withAdded(installed, gated, prepared), gated, ['settings']);
  // Our routes stand in for the addresses of kube-proxy's device.
  if (mode !== 'iptables') state = withMoved(state, gated, ['device']);
  state = edit(state, openInput);
  states.push(state);
  // Behind all that: the relay's program for bridges makes a socket of its own show at once.
  state = edit(state, (target) => {
    openGate(target, installed, options);
  });
  states.push(state);
  for (const parts of ORDER[mode](isRelayed)) {
    state = withMoved(state, gated, parts);
    states.push(state);
  }
  states.push(goal);
  return states;
}

/** One list is one transaction for each table, in the order nat, filter, mangle. */
const ORDER: Readonly<Record<Mode, (isRelayed: boolean) => readonly (readonly Part[])[]>> = {
  // Translation comes before what it replaces goes.
  iptables: () => [['nat', 'filter', 'mangle']],
  // From the relay, IPVS takes over as soon as virtual servers stand: behind masquerade. From
  // translation, it is the end of nat that hands over: virtual servers stand before.
  ipvs: (isRelayed) =>
    isRelayed ? [['nat', 'filter'], ['servers'], ['mangle']] : [['mangle'], ['filter'], ['nat']],
  // TPROXY comes before what it replaces goes.
  userspace: () => [['mangle'], ['filter'], ['nat']],
};

const BY_TABLE: Readonly<Partial<Record<KeyParts['table'], Part>>> = {
  ...{ nat: 'nat', filter: 'filter', mangle: 'mangle' },
  sysctl: 'filter',
};

const BY_IPVS_KIND: Readonly<Record<IpvsKind, Part>> = {
  ...{ service: 'servers', server: 'servers', foreign: 'rest' },
  ...{ sysctl: 'settings', timeouts: 'settings' },
};

function partOf(key: ObjectKey): Part {
  const ipvs = parseIpvsKey(key);
  if (ipvs !== undefined) return BY_IPVS_KIND[ipvs.kind];
  if (parseNodeKey(key)?.kind === 'dummy') return 'device';
  return BY_TABLE[parseKey(key).table] ?? 'rest';
}

/**
 * `state` with what `goal` has beside it, in these parts. Nothing goes, nor does anything change: a
 * virtual server that shall get no more connections is still where rules lead.
 */
function withAdded(state: Installed, goal: Installed, parts: readonly Part[]): Installed {
  return changed(state, goal, (key) => !state.has(key) && parts.includes(partOf(key)));
}

/** `state`, in these parts as `goal` is. */
function withMoved(state: Installed, goal: Installed, parts: readonly Part[]): Installed {
  return changed(state, goal, (key) => parts.includes(partOf(key)));
}

function changed(
  state: Installed,
  goal: Installed,
  isWanted: (key: ObjectKey) => boolean,
): Installed {
  return edit(state, (target) => {
    function visit(key: ObjectKey, after: string | undefined): void {
      if (!isWanted(key)) return;
      if (after === undefined) target.delete(key);
      else target.set(key, after);
    }
    difference(state, goal, {
      added: visit,
      changed: (key, _before, after) => {
        visit(key, after);
      },
      removed: (key) => {
        visit(key, undefined);
      },
    });
  });
}
