/**
 * The target of the step that is by far the most usual, at the cost of what changed: endpoints came
 * and went, and all else stays. (`targetOf` looks at everything that still ends, and what it returns
 * shares nothing of that with the target before, so that each comparison would, too.)
 */
import { FAMILIES } from '../../net/family.ts';
import { difference, edit } from '../../sorted/sortedMap.ts';
import type { Installed, ObjectKey, Rules } from '../backend.ts';
import { keysFrom } from '../sets/names.ts';
import { foreignKey, parseIpvsKey, serviceKey } from './names.ts';
import { isEnding, serviceOf } from './target.ts';

export interface Step {
  readonly desired: Rules;
  /** The target of that. */
  readonly reached: Installed;
}

/** The target of `desired` on a node that holds `last.reached`; undefined when more has changed. */
export function nextTarget(last: Step, desired: Rules): Installed | undefined {
  if (hasForeign(last.reached)) return undefined;
  const changes = endpointChanges(last.desired, desired);
  if (changes === undefined) return undefined;
  return edit(last.reached, (target) => {
    for (const [key, text] of changes) {
      if (text !== undefined) target.set(key, text);
      else if (mayEnd(last.reached, key)) target.set(key, '0');
      else target.delete(key);
    }
  });
}

/** Others' virtual servers say where ours are refused. */
function hasForeign(installed: Installed): boolean {
  return FAMILIES.some(
    (family) => keysFrom(installed, foreignKey(family, ''))[Symbol.iterator]().next().done !== true,
  );
}

/** Real servers that differ, undefined for gone; undefined when anything else does. */
function endpointChanges(
  before: Rules,
  after: Rules,
): ReadonlyMap<ObjectKey, string | undefined> | undefined {
  const changes = new Map<ObjectKey, string | undefined>();
  function note(key: ObjectKey, text: string | undefined): void {
    changes.set(key, text);
  }
  difference(before, after, {
    added: note,
    removed: (key) => {
      note(key, undefined);
    },
    changed: (key, _was, is) => {
      note(key, is);
    },
  });
  return [...changes.keys()].every((key) => isOfService(after, key)) ? changes : undefined;
}

/** Whether it is a real server of a virtual server that stays. */
function isOfService(desired: Rules, key: ObjectKey): boolean {
  const parsed = parseIpvsKey(key);
  if (parsed?.kind !== 'server' || parsed.family === 0) return false;
  return desired.has(serviceKey(parsed.family, serviceOf(parsed.name)));
}

function mayEnd(installed: Installed, key: ObjectKey): boolean {
  const parsed = parseIpvsKey(key);
  const text = installed.get(key);
  return parsed !== undefined && text !== undefined && isEnding(parsed, text);
}
