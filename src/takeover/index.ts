/**
 * A mode on a node that another mode, or kube-proxy, had before: see README.md beside this file. All
 * of it is computed from what is there and what is desired, so a process that is killed half-way is
 * followed by one that goes on.
 */
import type { Operation } from '../plan/operation.ts';
import { edit, sortedMap } from '../sorted/sortedMap.ts';
import { FAMILIES } from '../net/family.ts';
import type {
  Backend,
  BackendPlan,
  Installed,
  NodeReader,
  ObjectKey,
  Rules,
} from '../backends/backend.ts';
import type { IptablesPrograms } from '../backends/iptables/restore.ts';
import { drainClock } from '../backends/ipvs/drainClock.ts';
import { planIpvs } from '../backends/ipvs/restore.ts';
import { planTable } from '../backends/userspace/restore.ts';
import { keepGate } from './gate.ts';
import { hasLeftovers, hasOthersRules, keepRunning } from './leftovers.ts';
import { readLeftovers } from './readLeftovers.ts';
import { steps } from './steps.ts';

export interface TakeoverOptions {
  readonly programs: IptablesPrograms;
  /** Where this process's relay listens, in userspace mode. */
  readonly relayPort: number | undefined;
  /** Milliseconds that connections through virtual servers of the mode before may still run. */
  readonly drainTimeout: number;
  /** Milliseconds of any clock. */
  readonly now: () => number;
}

/** The same mode, which takes over what it finds; where it finds nothing, nothing differs. */
export function takingOver(backend: Backend, options: TakeoverOptions): Backend {
  const clock = drainClock(options.drainTimeout, options.now);
  let isDone = false;
  return {
    ...backend,
    async read(node) {
      const own = await backend.read(node);
      if (isDone) return own;
      const found = clock.judge(await withLeftovers(own, node, { backend, options }));
      // Nobody else brings such things later; kube-proxy and we do not run at once.
      isDone = !hasLeftovers(found, backend.mode);
      return isDone ? own : found;
    },
    plan(installed, desired) {
      if (!hasLeftovers(installed, backend.mode)) return backend.plan(installed, desired);
      return planTakeover(installed, desired, { backend, options });
    },
  };
}

interface Ground {
  readonly backend: Backend;
  readonly options: TakeoverOptions;
}

async function withLeftovers(
  own: Installed,
  node: NodeReader,
  { backend, options }: Ground,
): Promise<Installed> {
  const found = await readLeftovers(node, options.programs.families, backend.mode);
  return edit(own, (target) => {
    for (const [key, text] of found) if (!target.has(key)) target.set(key, text);
  });
}

function planTakeover(installed: Installed, desired: Rules, ground: Ground): BackendPlan {
  const { backend, options } = ground;
  const { programs, relayPort } = options;
  // The end: nothing of any mode stays.
  if (desired.size === 0) {
    return { ...planAll(installed, NOTHING, programs), reached: NOTHING };
  }
  const gate = { mode: backend.mode, relayPort };
  const own = backend.plan(installed, desired).reached;
  const goal = edit(own, (target) => {
    keepRunning(target, installed, backend.mode);
    for (const family of FAMILIES) keepGate(target, family, gate);
  });
  const isMoving = hasOthersRules(installed, backend.mode);
  const states = isMoving ? steps(installed, goal, gate) : [goal];
  const operations: Operation[] = [];
  let state = installed;
  for (const next of states) {
    operations.push(...planAll(state, next, programs).operations);
    state = next;
  }
  return { operations, reached: goal, ...(isMoving && { movesFlows: true }) };
}

const NOTHING: Installed = sortedMap<ObjectKey, string>();

/** Whatever mode the objects are of. */
export function planAll(
  installed: Installed,
  target: Installed,
  programs: IptablesPrograms,
): { readonly operations: readonly Operation[] } {
  const table = planTable(installed, target);
  const { operations } = planIpvs(installed, target, programs);
  return { operations: [...table.before, ...operations, ...table.after] };
}
