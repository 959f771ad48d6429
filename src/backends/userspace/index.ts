/** userspace mode: see README.md beside this file for the path of a packet. */
import { FAMILIES } from '../../net/family.ts';
import { RELAY } from '../../plan/relayTable.ts';
import { edit, sortedMap } from '../../sorted/sortedMap.ts';
import type { Backend, Installed, NodeReader, ObjectKey, Rules } from '../backend.ts';
import { readInstalled } from '../iptables/readSave.ts';
import type { IptablesPrograms } from '../iptables/restore.ts';
import { respectAddresses } from '../sets/addresses.ts';
import { readNodeObjects, readReturns } from '../sets/readNode.ts';
import { renderer } from '../sets/render.ts';
import { entryObject, SET_NAMES } from './names.ts';
import { planUserspace } from './restore.ts';
import { portObjects } from './servicePort.ts';
import { staticObjects } from './staticObjects.ts';

export interface UserspaceOptions {
  readonly programs: IptablesPrograms;
  /** The port of the relay's listeners. */
  readonly relayPort: number;
}

export function userspaceBackend({ programs, relayPort }: UserspaceOptions): Backend {
  return {
    mode: 'userspace',
    render: renderer({
      staticObjects: (snapshot) => staticObjects(snapshot, relayPort),
      portObjects,
    }),
    read: (node) => readNode(node, programs),
    plan: (installed, desired) => {
      const reached = targetOf(installed, desired);
      return { ...planUserspace(installed, reached, programs), reached };
    },
  };
}

/** Everything of ours on the node and in the relay, and the addresses of the node's interfaces. */
async function readNode(node: NodeReader, programs: IptablesPrograms): Promise<Installed> {
  const rules = await readInstalled(node, programs);
  const table = await node.list(RELAY, ['table']);
  return sortedMap<ObjectKey, string>([
    ...rules.entries(),
    ...(await readNodeObjects(node, programs.families, SET_NAMES)),
    ...(await readReturns(node, programs.families)),
    ...table
      .split('\n')
      .filter((line) => line !== '')
      .map(entryObject),
  ]);
}

/** What the node shall hold: what is desired, less what its own addresses make harmful. */
function targetOf(installed: Installed, desired: Rules): Installed {
  if (desired.size === 0) return desired;
  return edit(desired, (target) => {
    for (const family of FAMILIES) respectAddresses(target, installed, family);
  });
}
