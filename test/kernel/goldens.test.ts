/**
 * The golden file of every scenario: what --dry-run prints for its objects. The script is also run
 * in an empty network namespace, with both variants. With one of them an agent is then started
 * there, which must find nothing to do: the script left what the agent itself would have left. In
 * userspace mode only the relay's table and port are left to do, as nobody but the agent can hold them.
 */
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dryRun, startAgent, syncs, waitUntil } from '../lab/agentProcess.ts';
import { whyNoLab } from '../lab/lab.ts';
import { directoryOf, namespaceOf, takeDownAtExit, uniquePrefix } from '../lab/namespaces.ts';
import { runInside, runProgram } from '../lab/program.ts';
import { loadScenarios } from '../lab/scenario/load.ts';

const ROOT = fileURLToPath(new URL('../scenarios', import.meta.url));
const prefix = uniquePrefix('golden');

describe('goldens', { concurrency: 2, skip: whyNoLab() }, () => {
  before(() => void takeDownAtExit(prefix));

  for (const { name, directory, flags } of loadScenarios(ROOT)) {
    const objects = join(directory, 'objects.yaml');

    test(`${name}: the script of --dry-run leaves an agent nothing to do`, async (t) => {
      const script = await dryRun(objects, 'nft', flags);
      const golden = join(directory, 'expected.iptables');
      t.assert.fileSnapshot(script, golden, { serializers: [String] });
      await inEmptyNamespace(`${name}-nft`, script, async (namespace) => {
        const args = [`--manifests=${objects}`, '--iptables-variant=nft', ...flags];
        assert.equal(await firstSync(namespace, args), 0);
      });
    });

    test(`${name}: iptables-legacy takes the script too`, async () => {
      const script = await dryRun(objects, 'legacy', flags);
      await inEmptyNamespace(`${name}-legacy`, script, () => Promise.resolve());
    });

    // Its script is run where ip_vs is: test/vm/ipvs.test.ts.
    test(`${name}: the script in ipvs mode`, async (t) => {
      const script = await dryRun(objects, 'nft', ['--proxy-mode=ipvs', ...flags]);
      const golden = join(directory, 'expected.ipvs');
      t.assert.fileSnapshot(script, golden, { serializers: [String] });
    });

    test(`${name}: the script in userspace mode leaves an agent its relay`, async (t) => {
      const wanted = ['--proxy-mode=userspace', ...flags];
      const script = await dryRun(objects, 'nft', wanted);
      const golden = join(directory, 'expected.userspace');
      t.assert.fileSnapshot(script, golden, { serializers: [String] });
      await inEmptyNamespace(`${name}-us`, script, async (namespace) => {
        const args = [`--manifests=${objects}`, '--iptables-variant=nft', ...wanted];
        const tables = script.includes('\nservice ') ? 1 : 0;
        // It takes a port to which no rules lead yet: one change of rules for each family.
        assert.equal(await firstSync(namespace, args), tables + 2);
      });
    });
  }
});

/** What routes need: their device, and the addresses that some name as source. */
const INTERFACES = `link set lo up
address add 192.0.2.11/32 dev lo
address add 2001:db8::11/128 dev lo
`;

async function inEmptyNamespace(
  name: string,
  script: string,
  check: (namespace: string) => Promise<void>,
): Promise<void> {
  const namespace = namespaceOf(prefix, name);
  await runProgram('ip', ['netns', 'add', namespace]);
  await runProgram('ip', ['-n', namespace, '-batch', '-'], INTERFACES);
  await runInside(namespace, ['sh', '-e'], script);
  await check(namespace);
  await runProgram('ip', ['netns', 'del', namespace]);
}

/** How many operations an agent needs that starts now. */
async function firstSync(namespace: string, args: readonly string[]): Promise<number | undefined> {
  const log = join(directoryOf(prefix), `${namespace}.log`);
  const lab = ['--hostname-override=node1', '--logging-format=json'];
  const agent = startAgent(namespace, [...lab, ...args], log);
  await waitUntil(agent, 'synced', () => syncs(agent).length > 0);
  await agent.stop();
  return syncs(agent)[0];
}
