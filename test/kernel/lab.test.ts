/** The lab itself: without it working, no scenario says anything. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { openLab, whyNoLab } from '../lab/lab.ts';
import { isUp, takeDownLeftovers, uniquePrefix } from '../lab/namespaces.ts';
import { sourceNames } from '../lab/scenario/judge.ts';
import { flowSchema } from '../lab/scenario/schema.ts';
import { flowText, sendFlows } from '../lab/scenario/send.ts';
import { MEMBERS, NODES, PODS } from '../lab/topology.ts';

test('everyone reaches every pod and node unchanged', { skip: whyNoLab() }, async () => {
  const prefix = uniquePrefix('reach');
  const lab = await openLab(prefix);
  const flow = flowSchema.parse({
    from: MEMBERS.map(({ name }) => name),
    to: 'pod1a:8080',
    protocol: ['TCP', 'UDP'],
    expect: ['pod1a'],
  });
  const flows = [...PODS, ...NODES].map(({ name }) => ({
    ...flow,
    to: [`${name}:8080`, `${name}.v6:8080`],
    expect: [name],
  }));
  const sent = await sendFlows(lab, flows, {}, new Map());
  lab.close();
  const strangers = sent.filter(
    ({ from, outcomes }) => !sourceNames([...outcomes.values()].flat()).includes(from),
  );
  assert.deepEqual(
    sent.flatMap(({ problems }) => problems),
    [],
  );
  assert.deepEqual(strangers.map(flowText), []);
  assert.equal(isUp(prefix), false, 'nothing is left');
});

describe('a lab whose process ends early', { skip: whyNoLab() }, () => {
  const program = `
    const { openLab } = await import('${new URL('../lab/lab.ts', import.meta.url).href}');
    await openLab('fw' + process.pid + '-early');
    console.log('up');
    setInterval(() => undefined, 1000);`;

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGKILL'] as const) {
    test(`leaves nothing after ${signal}`, async () => {
      const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const prefix = `fw${String(child.pid)}-early`;
      await once(child.stdout, 'data');
      assert.equal(isUp(prefix), true, 'the lab is up');
      child.kill(signal);
      await once(child, 'exit');
      // Nobody can clean up after SIGKILL but the next run.
      if (signal === 'SIGKILL') takeDownLeftovers();
      assert.equal(isUp(prefix), false, 'nothing is left');
    });
  }
});
