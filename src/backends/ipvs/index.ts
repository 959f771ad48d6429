/** ipvs mode: see README.md beside this file for the path of a packet. */
import type { Cidr } from '../../net/address.ts';
import type { Backend, Installed, Rules } from '../backend.ts';
import type { IptablesPrograms } from '../iptables/restore.ts';
import { renderer } from '../sets/render.ts';
import { drainClock } from './drainClock.ts';
import { readNode } from './readNode.ts';
import { nextTarget } from './nextTarget.ts';
import type { Step } from './nextTarget.ts';
import { planIpvs } from './restore.ts';
import { portObjects } from './servicePort.ts';
import { staticObjects } from './staticObjects.ts';
import { targetOf } from './target.ts';

export interface IpvsOptions {
  readonly programs: IptablesPrograms;
  /** Virtual servers at these addresses are never removed. */
  readonly excludeCIDRs: readonly Cidr[];
  /** Milliseconds that the connections of an endpoint that went may still run. */
  readonly drainTimeout: number;
  /** Milliseconds of any clock. */
  readonly now: () => number;
}

export function ipvsBackend(options: IpvsOptions): Backend {
  const { programs, excludeCIDRs } = options;
  const clock = drainClock(options.drainTimeout, options.now);
  let last: Step | undefined;
  function reachedFrom(installed: Installed, desired: Rules): Installed {
    const next = last?.reached === installed ? nextTarget(last, desired) : undefined;
    return next ?? targetOf(installed, desired, excludeCIDRs);
  }
  return {
    mode: 'ipvs',
    render: renderer({ staticObjects, portObjects }),
    read: async (node) => clock.judge(await readNode(node, programs)),
    plan: (installed, desired) => {
      const reached = reachedFrom(installed, desired);
      last = { desired, reached };
      return { ...planIpvs(installed, reached, programs), reached };
    },
  };
}
