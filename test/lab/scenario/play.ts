/** Playing a scenario step by step against an agent. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Mode } from '../../../src/backends/backend.ts';
import type { Variant } from '../agentProcess.ts';
import type { Fairway } from '../fairway.ts';
import type { Lab } from '../lab.ts';
import { runInside } from '../program.ts';
import { SLOWNESS } from '../slowness.ts';
import type { Scenario, Step } from './load.ts';
import type { Flow } from './schema.ts';
import { flowText, sendFlows } from './send.ts';
import type { Memories, SentFlow } from './send.ts';
import { outcomeName } from './judge.ts';

/** The agent that plays; a scenario may ask for it to be started anew. */
export interface Player {
  readonly lab: Lab;
  readonly mode: Mode;
  readonly variant: Variant;
  agent(): Fairway;
  restart(objects: string): Promise<void>;
}

/** Everything that went otherwise than flows.yaml says; empty when all is well. */
export async function play(scenario: Scenario, player: Player): Promise<readonly string[]> {
  const memories: Memories = new Map();
  const problems: string[] = [];
  await forgetFlows(player.lab);
  try {
    await runAll(player, scenario.before);
    let objects = '';
    for (const step of scenario.steps) {
      objects = step.objects ?? objects;
      await begin(step, objects, player);
      const sent = await sendRepaired(step, () =>
        sendFlows(player.lab, flowsIn(player.mode, step), scenario.addresses, memories),
      );
      const found = [...sent.flatMap(problemText), ...(await missingLines(step, player))];
      problems.push(...found.map((text) => (step.name === '' ? text : `${step.name}: ${text}`)));
    }
  } finally {
    await runAll(player, scenario.after);
  }
  return problems;
}

/** Nobody says when the agent has repaired what others changed: until then, they are sent again. */
async function sendRepaired(
  { repairSeconds = 0 }: Step,
  send: () => Promise<readonly SentFlow[]>,
): Promise<readonly SentFlow[]> {
  const deadline = performance.now() + 1000 * SLOWNESS * repairSeconds;
  for (;;) {
    const sent = await send();
    const isRepaired = sent.every(({ problems }) => problems.length === 0);
    if (isRepaired || performance.now() > deadline) return sent;
    await wait(200 * SLOWNESS);
  }
}

function flowsIn(mode: Mode, { flows }: Step): readonly Flow[] {
  return flows.map((flow) => ({
    ...flow,
    expect: flow.expectIn[mode] ?? flow.expect,
    source: flow.sourceIn[mode] ?? flow.source,
  }));
}

/** Flows of an earlier scenario must not decide where this one's go. */
async function forgetFlows(lab: Lab): Promise<void> {
  for (const node of ['node1', 'node2']) await runInside(lab.namespace(node), ['conntrack', '-F']);
}

/**
 * What the relay's connections leave behind for a minute must not decide where those of this step go
 * that are no longer its: see the limits in backends/userspace/README.md.
 */
async function forgetConnections(lab: Lab): Promise<void> {
  await runInside(lab.namespace('node1'), ['ss', '-HKtn', 'state', 'time-wait']);
}

async function begin(step: Step, objects: string, player: Player): Promise<void> {
  await runAll(player, step.commands);
  if (step.isRestart) await player.restart(objects);
  else if (step.objects !== undefined) await player.agent().putObjects(step.objects);
  if (player.mode === 'userspace') await forgetConnections(player.lab);
  await wait(1000 * (step.pauseSeconds ?? 0));
}

/** Commands say iptables; which of the variants that is depends on the run. */
async function runAll({ lab, variant }: Player, commands: readonly string[]): Promise<void> {
  for (const command of commands) {
    const script = command.replace(/\b(ip6?tables)(-save)?(?=\s)/g, `$1-${variant}$2`);
    await runInside(lab.namespace('node1'), ['sh', '-ec', script]);
  }
}

function problemText(sent: SentFlow): readonly string[] {
  if (sent.problems.length === 0) return [];
  const outcomes = [...sent.outcomes.values()].flat();
  const tally = Object.entries(Object.groupBy(outcomes, outcomeName)).map(
    ([name, list]) => `${name} ${String(list?.length ?? 0)}`,
  );
  return [`${flowText(sent)}: ${sent.problems.join('; ')} (${tally.join(', ')})`];
}

async function missingLines(step: Step, { lab, variant }: Player): Promise<readonly string[]> {
  if (step.keeps.length === 0) return [];
  const programs = [`iptables-${variant}-save`, `ip6tables-${variant}-save`];
  const saved = await Promise.all(
    programs.map((each) => runInside(lab.namespace('node1'), [each])),
  );
  const lines = new Set(saved.join('\n').split('\n'));
  return step.keeps.filter((line) => !lines.has(line)).map((line) => `rule is gone: ${line}`);
}
