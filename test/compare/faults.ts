/** What can break in the lab, and how. The names of endpoints are of SERVERS in objects.ts. */
import type { Fault } from '../../src/compare/measure/ground.ts';
import type { Lab } from '../lab/lab.ts';
import { runInside, runProgram } from '../lab/program.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { SERVERS, sliceObject } from './objects.ts';
import type { KindedObject } from './objects.ts';
import { startServer } from './processes.ts';
import type { LabServer } from './processes.ts';

/** The one that breaks, of four endpoints, and the node that is cut off, with two. */
const VICTIM = 'pod1c';
const LOST_NODE = 'node2';
const LOST_PODS: readonly string[] = ['pod2b', 'pod2c'];

export interface FaultTools {
  readonly lab: Lab;
  /** By pod; a server that is started again takes the other's place. */
  readonly servers: Map<string, LabServer>;
  put(object: KindedObject): Promise<void>;
}

/** How long until the control plane acts. A real one takes 40 s and more for a node. */
const NOTICED_AFTER_MS = {
  killed: 1000 * SLOWNESS,
  refusing: 2000 * SLOWNESS,
  silent: 2000 * SLOWNESS,
  cutOff: 4000 * SLOWNESS,
};

export function labFaults(tools: FaultTools): readonly Fault[] {
  return [killed(tools), refusing(tools), silent(tools), cutOff(tools)];
}

function without(tools: FaultTools, lost: readonly string[]): Pick<Fault, 'notice'> {
  return {
    notice: () =>
      tools.put(
        sliceObject(
          'spread',
          SERVERS.filter((pod) => !lost.includes(pod)),
        ),
      ),
  };
}

function allBack({ put }: FaultTools): Promise<void> {
  return put(sliceObject('spread', SERVERS));
}

/** The end of a cable at the node or at the underlay's bridge. */
async function setLink(lab: Lab, at: string, member: string, state: 'up' | 'down'): Promise<void> {
  await runProgram('ip', ['-n', lab.namespace(at), 'link', 'set', `veth-${member}`, state]);
}

async function restart({ lab, servers }: FaultTools): Promise<void> {
  servers.set(VICTIM, await startServer(lab, VICTIM));
}

function killed(tools: FaultTools): Fault {
  const { lab, servers } = tools;
  return {
    ...{ id: 'killed', title: 'a pod is gone without notice' },
    noticedAfterMs: NOTICED_AFTER_MS.killed,
    strike: async () => {
      await setLink(lab, 'node1', VICTIM, 'down');
      await servers.get(VICTIM)?.kill();
    },
    ...without(tools, [VICTIM]),
    heal: async () => {
      await setLink(lab, 'node1', VICTIM, 'up');
      await restart(tools);
      await allBack(tools);
    },
  };
}

function refusing(tools: FaultTools): Fault {
  return {
    ...{ id: 'refusing', title: 'an endpoint refuses' },
    noticedAfterMs: NOTICED_AFTER_MS.refusing,
    strike: async () => {
      await tools.servers.get(VICTIM)?.kill();
    },
    ...without(tools, [VICTIM]),
    heal: async () => {
      await restart(tools);
      await allBack(tools);
    },
  };
}

/** As an overloaded server whose queue is full, or a firewall, lets its clients wait. */
function silent(tools: FaultTools): Fault {
  const rule = ['INPUT', '-p', 'tcp', '--syn', '-j', 'DROP'];
  async function set(action: '-A' | '-D'): Promise<void> {
    await runInside(tools.lab.namespace(VICTIM), ['iptables-nft', '-w', '5', action, ...rule]);
  }
  return {
    ...{ id: 'silent', title: 'an endpoint accepts nothing' },
    noticedAfterMs: NOTICED_AFTER_MS.silent,
    strike: () => set('-A'),
    ...without(tools, [VICTIM]),
    heal: async () => {
      await set('-D');
      await allBack(tools);
    },
  };
}

function cutOff(tools: FaultTools): Fault {
  const { lab } = tools;
  return {
    ...{ id: 'cutOff', title: 'a node with half of the endpoints is cut off' },
    noticedAfterMs: NOTICED_AFTER_MS.cutOff,
    strike: () => setLink(lab, 'internet', LOST_NODE, 'down'),
    ...without(tools, LOST_PODS),
    heal: async () => {
      await setLink(lab, 'internet', LOST_NODE, 'up');
      await allBack(tools);
    },
  };
}
