/** Snapshot → Rules. What did not change since the last rendering is not looked at. */
import type { Policy, ServiceHealth, ServicePort, Snapshot } from '../../model/types.ts';
import type { Family } from '../../net/family.ts';
import { difference, edit, sortedMap } from '../../sorted/sortedMap.ts';
import type { SortedMapEditor } from '../../sorted/sortedMap.ts';
import type { ObjectKey, Rendering } from '../backend.ts';
import { portDigits, writeDispatch } from './dispatch.ts';
import type { Dispatch } from './dispatch.ts';
import { staticObjects } from './guard.ts';
import { chainKey } from './names.ts';
import { portEntries, portObjects } from './servicePort.ts';
import { EMPTY_TRIE, putAll, remove } from './trie.ts';
import type { Entry, Trie } from './trie.ts';

/** Where each trie lives. The root's name is kube-proxy's where it has such a chain. */
const PLACES = {
  natIp: {
    table: 'nat',
    root: 'KUBE-IP',
    prefix: 'KUBE-IP-',
    hasAddress: true,
  },
  natNodePort: {
    table: 'nat',
    root: 'KUBE-NODEPORTS',
    prefix: 'KUBE-NP-',
    hasAddress: false,
  },
  filterIp: {
    table: 'filter',
    root: 'KUBE-IP',
    prefix: 'KUBE-IP-',
    hasAddress: true,
  },
  filterNodePort: {
    table: 'filter',
    root: 'KUBE-NP',
    prefix: 'KUBE-NP-',
    hasAddress: false,
  },
  health: {
    table: 'filter',
    root: 'KUBE-NODEPORTS',
    prefix: 'KUBE-HC-',
    hasAddress: false,
  },
} as const;

type TrieName = keyof typeof PLACES;
const TRIE_NAMES = Object.keys(PLACES) as readonly TrieName[];
type TrieKey = `${Family}/${TrieName}`;
type Tries = Map<TrieKey, Trie>;

/** Only a memory: without it a rendering starts from nothing and ends the same. */
const memory = new WeakMap<Rendering, Tries>();

/** Every object that `snapshot` wants; the same whatever `last` is. */
export function renderIptables(snapshot: Snapshot, last?: Rendering): Rendering {
  const base =
    last !== undefined && isContinued(last.snapshot, snapshot) ? last : emptyOf(snapshot);
  const before = memory.get(base) ?? new Map<TrieKey, Trie>();
  const tries: Tries = new Map(before);
  const rules = edit(base.rules, (objects) => {
    const { policy, families } = snapshot;
    const draft: Draft = { policy, families, objects, leaving: new Map(), coming: new Map() };
    applyPorts(draft, base.snapshot, snapshot);
    applyHealth(draft, base.snapshot, snapshot);
    updateTries(draft, tries);
    writeTries(draft, before, tries);
  });
  const rendering = { snapshot, rules };
  memory.set(rendering, tries);
  return rendering;
}

/** Everything static depends on these two; a change of them starts anew. */
function isContinued(before: Snapshot, after: Snapshot): boolean {
  return before.policy === after.policy && before.families === after.families;
}

/** The rendering of a Snapshot without Services. */
function emptyOf(snapshot: Snapshot): Rendering {
  const objects = snapshot.families.flatMap((family) => staticObjects(snapshot.policy, family));
  const nothing = {
    ...snapshot,
    ports: sortedMap<never, never>(),
    health: sortedMap<never, never>(),
  };
  return { snapshot: nothing, rules: sortedMap(objects) };
}

/** A rendering in the making. */
interface Draft {
  readonly policy: Policy;
  readonly families: readonly Family[];
  readonly objects: SortedMapEditor<ObjectKey, string>;
  /** Entries that leave their trie, and those that come into it afterwards. */
  readonly leaving: Map<TrieKey, Entry[]>;
  readonly coming: Map<TrieKey, Entry[]>;
}

function applyPorts(draft: Draft, before: Snapshot, after: Snapshot): void {
  difference(before.ports, after.ports, {
    added: (_key, port) => {
      addPort(draft, port);
    },
    removed: (_key, port) => {
      removePort(draft, port);
    },
    changed: (_key, was, is) => {
      removePort(draft, was);
      addPort(draft, is);
    },
  });
}

function addPort(draft: Draft, port: ServicePort): void {
  note(draft.coming, port.family, portEntries(port));
  for (const [key, text] of portObjects(port, draft.policy)) draft.objects.set(key, text);
}

function removePort(draft: Draft, port: ServicePort): void {
  note(draft.leaving, port.family, portEntries(port));
  for (const [key] of portObjects(port, draft.policy)) draft.objects.delete(key);
}

function note(
  entries: Map<TrieKey, Entry[]>,
  family: Family,
  dispatch: Readonly<Partial<Record<TrieName, readonly Entry[]>>>,
): void {
  for (const name of TRIE_NAMES) {
    const found = dispatch[name] ?? [];
    if (found.length === 0) continue;
    const key: TrieKey = `${family}/${name}`;
    const known = entries.get(key);
    if (known === undefined) entries.set(key, [...found]);
    else known.push(...found);
  }
}

function updateTries(draft: Draft, tries: Tries): void {
  for (const [key, entries] of draft.leaving) {
    let trie = tries.get(key) ?? EMPTY_TRIE;
    for (const entry of entries) trie = remove(trie, entry.key, entry.id);
    tries.set(key, trie);
  }
  for (const [key, entries] of draft.coming) {
    tries.set(key, putAll(tries.get(key) ?? EMPTY_TRIE, entries));
  }
}

function applyHealth(draft: Draft, before: Snapshot, after: Snapshot): void {
  const noteFor = (entries: Map<TrieKey, Entry[]>, health: ServiceHealth): void => {
    for (const family of draft.families) note(entries, family, { health: [healthEntry(health)] });
  };
  difference(before.health, after.health, {
    added: (_key, health) => {
      noteFor(draft.coming, health);
    },
    removed: (_key, health) => {
      noteFor(draft.leaving, health);
    },
    changed: (_key, was, is) => {
      noteFor(draft.leaving, was);
      noteFor(draft.coming, is);
    },
  });
}

/** Load balancers must reach the health check even where INPUT drops by default. */
function healthEntry(health: ServiceHealth): Entry {
  const comment = `-m comment --comment "${health.service} health check"`;
  return {
    key: portDigits(undefined, 'TCP', health.port),
    id: health.service,
    weight: 1,
    rules: () => [`-p tcp -m tcp --dport ${String(health.port)} ${comment} -j ACCEPT`],
  };
}

function writeTries(draft: Draft, before: ReadonlyMap<TrieKey, Trie>, after: Tries): void {
  for (const family of draft.families) {
    for (const name of TRIE_NAMES) {
      const { table } = PLACES[name];
      const key: TrieKey = `${family}/${name}`;
      writeDispatch(dispatchOf(family, name), before.get(key), after.get(key) ?? EMPTY_TRIE, {
        set: (chain, text) => {
          draft.objects.set(chainKey(family, table, chain), text);
        },
        remove: (chain) => {
          draft.objects.delete(chainKey(family, table, chain));
        },
      });
    }
  }
}

function dispatchOf(family: Family, name: TrieName): Dispatch {
  const { root, prefix, hasAddress } = PLACES[name];
  const addressDigits = !hasAddress ? 0 : family === 4 ? 16 : 64;
  return { family, root, chainPrefix: prefix, addressDigits };
}
