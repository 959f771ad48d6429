/** In place of kube-proxy, in each of its modes, under load; and back to a clean node. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openLab, whyNoLab } from '../lab/lab.ts';
import type { Lab } from '../lab/lab.ts';
import { uniquePrefix } from '../lab/namespaces.ts';
import { leaveBehind } from './switching/kubeProxy.ts';
import type { KubeProxyMode } from './switching/kubeProxy.ts';
import { assertUnharmed, startEcho } from './switching/load.ts';
import type { Echo } from './switching/load.ts';
import { cleanUp, createSite, listNode, startIn, under, untilNodeIs } from './switching/node.ts';
import type { Site } from './switching/node.ts';
import { ECHO_PORT, ENDPOINTS } from './switching/objects.ts';

const HAS_IPVS = process.env['FAIRWAY_LAB_MODES']?.includes('ipvs') === true;

/** Which of kube-proxy's modes is followed by which of ours; in the guest, where there is ipvs. */
const PAIRS: readonly (readonly [KubeProxyMode, string])[] = HAS_IPVS
  ? [
      ['ipvs', 'iptables'],
      ['ipvs', 'ipvs'],
      ['ipvs', 'userspace'],
      ['iptables', 'ipvs'],
      ['nftables', 'ipvs'],
    ]
  : [
      ['iptables', 'iptables'],
      ['iptables', 'userspace'],
      ['nftables', 'iptables'],
      ['nftables', 'userspace'],
    ];

describe('in place of kube-proxy', { skip: whyNoLab() }, () => {
  let lab: Lab;
  let site: Site;
  const echoes: Echo[] = [];

  before(async () => {
    lab = await openLab(uniquePrefix('kp'));
    site = createSite(lab);
    for (const pod of Object.keys(ENDPOINTS)) echoes.push(await startEcho(lab, pod, ECHO_PORT));
  });
  after(() => {
    for (const echo of echoes) echo.stop();
    lab.close();
  });

  for (const [theirs, ours] of PAIRS) {
    test(`from its ${theirs} mode to our ${ours} mode`, async (t) => {
      const clean = await listNode(lab);
      const fresh = await startIn(site, ours);
      const expected = await listNode(lab);
      await fresh.process.stop();
      await cleanUp(lab);
      assert.deepEqual(await listNode(lab), clean);

      await leaveBehind(lab, theirs);
      let agent = fresh;
      try {
        const results = await under(lab, async () => {
          agent = await startIn(site, ours);
        });
        assertUnharmed(results, t);
        await untilNodeIs(lab, expected);
      } finally {
        await agent.process.stop();
        await cleanUp(lab);
      }
      assert.deepEqual(await listNode(lab), clean);
    });
  }

  for (const theirs of new Set(PAIRS.map(([mode]) => mode))) {
    test(`--cleanup after its ${theirs} mode`, async () => {
      const clean = await listNode(lab);
      await leaveBehind(lab, theirs);
      assert.notDeepEqual(await listNode(lab), clean);
      await cleanUp(lab);
      assert.deepEqual(await listNode(lab), clean);
    });
  }
});
