/** Another process takes the place of an agent under load: after it ended, beside it, or killed. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { openLab, whyNoLab } from '../lab/lab.ts';
import type { Lab } from '../lab/lab.ts';
import { uniquePrefix } from '../lab/namespaces.ts';
import { SLOWNESS } from '../lab/slowness.ts';
import { assertUnharmed, startEcho } from './switching/load.ts';
import type { Echo, LoadResult } from './switching/load.ts';
import { cleanUp, createSite, listNode, putObjects } from './switching/node.ts';
import { startIn, under, untilNodeIs } from './switching/node.ts';
import type { Agent, Site } from './switching/node.ts';
import { ECHO_PORT, ENDPOINTS, objects } from './switching/objects.ts';

const MODES =
  process.env['FAIRWAY_LAB_MODES']?.includes('ipvs') === true
    ? ['ipvs']
    : ['iptables', 'userspace'];

/** Each within a sync or between two. */
const KILLS = SLOWNESS > 1 ? 2 : 4;

/** What becomes of a connection whose process is killed; nothing else may happen to any. */
const CUT = /ECONNRESET|EPIPE|closed/;

for (const mode of MODES) {
  describe(`restarts in ${mode} mode under load`, { skip: whyNoLab() }, () => {
    let lab: Lab;
    let site: Site;
    let agent: Agent;
    let expected: readonly string[];
    const echoes: Echo[] = [];

    before(async () => {
      lab = await openLab(uniquePrefix('restart'));
      site = createSite(lab);
      for (const pod of Object.keys(ENDPOINTS)) echoes.push(await startEcho(lab, pod, ECHO_PORT));
      agent = await startIn(site, mode);
      expected = await listNode(lab);
    });
    after(async () => {
      await agent.process.stop();
      for (const echo of echoes) echo.stop();
      await cleanUp(lab);
      lab.close();
    });

    test('an upgrade: the next process beside the one before, which then ends', async (t) => {
      let ended = Promise.resolve();
      const results = await under(lab, async () => {
        const old = agent;
        agent = await startIn(site, mode);
        // What it has goes on until the load ends; drains are longer than that.
        ended = old.process.stop();
      });
      assertUnharmed(results, t);
      await ended;
      await untilNodeIs(lab, expected);
    });

    test('ended and started again', async (t) => {
      const results = await under(lab, async () => {
        const ended = agent.process.stop();
        if (mode !== 'userspace') await ended;
        agent = await startIn(site, mode);
        await wait(200 * SLOWNESS);
      });
      assertUnharmed(results, t);
      await untilNodeIs(lab, expected);
    });

    test('killed while endpoints come and go', async (t) => {
      // The relay's connections end with it: one kill shows that all that come later are served.
      const kills = mode === 'userspace' ? 1 : KILLS;
      const results = await under(lab, async () => {
        for (let kill = 0; kill < kills; kill += 1) {
          await churnAndKill(agent);
          agent = await startIn(site, mode);
        }
      });
      if (mode === 'userspace') assertOnlyCut(results);
      else assertUnharmed(results, t);
      putObjects(site, objects());
      await untilNodeIs(lab, expected);
      assertUnharmed(await under(lab, () => wait(200 * SLOWNESS)), t);
    });

    /** One endpoint is always there; kill it at any moment of its syncs. */
    async function churnAndKill({ process: { pid } }: Agent): Promise<void> {
      const { pod1a: first, pod2a: second } = ENDPOINTS;
      const moments = 5 + Math.floor(Math.random() * 20);
      for (let moment = 0; moment < moments; moment += 1) {
        putObjects(site, objects(moment % 2 === 0 ? [first] : [first, second]));
        await wait(10 * SLOWNESS);
      }
      process.kill(pid, 'SIGKILL');
    }
  });
}

function assertOnlyCut(results: readonly LoadResult[]): void {
  const reasons = new Set(results.flatMap(({ broken, failures }) => [...broken, ...failures]));
  assert.deepEqual(
    [...reasons].filter((reason) => !CUT.test(reason)),
    [],
  );
}
