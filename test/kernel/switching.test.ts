/** From each mode to each other, under load: by the configuration file of a running agent. */
import { after, before, describe, test } from 'node:test';
import { openLab, whyNoLab } from '../lab/lab.ts';
import type { Lab } from '../lab/lab.ts';
import { uniquePrefix } from '../lab/namespaces.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { assertUnharmed, startEcho } from './switching/load.ts';
import type { Echo } from './switching/load.ts';
import { cleanUp, createSite, listNode, startIn, under, untilNodeIs } from './switching/node.ts';
import type { Agent, Site } from './switching/node.ts';
import { ECHO_PORT, ENDPOINTS } from './switching/objects.ts';

/** ipvs mode needs a kernel that has it: in the guest. */
const MODES =
  process.env['FAIRWAY_LAB_MODES']?.includes('ipvs') === true
    ? ['iptables', 'ipvs', 'userspace']
    : ['iptables', 'userspace'];

/** A switch takes about so long. */
const KILL_WITHIN_MS = 600 * SLOWNESS;
const KILL_AT = SLOWNESS > 1 ? [0.6] : [0.2, 0.5, 0.9];

/** Through all ordered pairs; in the guest, which is slow, through those that only it can show. */
const WAY =
  MODES.length === 3
    ? ['iptables', 'ipvs', 'userspace', 'ipvs', 'iptables']
    : ['iptables', 'userspace', 'iptables'];

describe('switching modes under load', { skip: whyNoLab() }, () => {
  let lab: Lab;
  let site: Site;
  let agent: Agent;
  const echoes: Echo[] = [];
  /** What a fresh start of each mode leaves on the node. */
  const fresh = new Map<string, readonly string[]>();

  before(async () => {
    lab = await openLab(uniquePrefix('switch'));
    site = createSite(lab);
    for (const pod of Object.keys(ENDPOINTS)) echoes.push(await startEcho(lab, pod, ECHO_PORT));
    for (const mode of MODES) {
      agent = await startIn(site, mode);
      fresh.set(mode, await listNode(lab));
      await agent.process.stop();
      await cleanUp(lab);
    }
    agent = await startIn(site, WAY[0] ?? '');
  });
  after(async () => {
    await agent.process.stop();
    for (const echo of echoes) echo.stop();
    lab.close();
  });

  for (const [index, mode] of WAY.entries()) {
    const from = WAY[index - 1];
    if (from === undefined) continue;
    test(`${from} to ${mode}: no connection is lost, and nothing is left over`, async (t) => {
      const results = await under(lab, () => agent.switchTo(mode));
      assertUnharmed(results, t);
      await untilNodeIs(lab, fresh.get(mode) ?? []);
    });
  }

  test('killed half-way, the next start finishes or undoes it', async () => {
    for (const part of KILL_AT) {
      for (const mode of MODES.toReversed()) {
        await agent.killWhileSwitchingTo(mode, part * KILL_WITHIN_MS * Math.random());
        agent = await startIn(site, mode);
        await untilNodeIs(lab, fresh.get(mode) ?? []);
      }
    }
  });
});
