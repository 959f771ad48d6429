/**
 * Every scenario folder, with real packets: the agent runs on node1 of a lab as a user would start
 * it, once with each variant of the iptables programs, and clients send what flows.yaml says.
 */
import assert from 'node:assert/strict';
import process from 'node:process';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Mode } from '../../src/backends/backend.ts';
import type { Variant } from '../lab/agentProcess.ts';
import { startFairway } from '../lab/fairway.ts';
import type { Fairway } from '../lab/fairway.ts';
import { openLab, whyNoLab } from '../lab/lab.ts';
import type { Lab } from '../lab/lab.ts';
import { uniquePrefix } from '../lab/namespaces.ts';
import { loadScenarios } from '../lab/scenario/load.ts';
import type { Scenario } from '../lab/scenario/load.ts';
import { play } from '../lab/scenario/play.ts';

const ROOT = fileURLToPath(new URL('../scenarios', import.meta.url));
/** Names with commas between. */
const ONLY = process.env['SCENARIO']?.split(',');
interface Runner {
  readonly label: string;
  readonly mode: Mode;
  readonly variant: Variant;
}

const RUNNERS: readonly Runner[] = [
  { label: 'iptables-nft', mode: 'iptables', variant: 'nft' },
  { label: 'iptables-legacy', mode: 'iptables', variant: 'legacy' },
  { label: 'ipvs', mode: 'ipvs', variant: 'nft' },
  { label: 'userspace', mode: 'userspace', variant: 'nft' },
];

/** Where this kernel has no ip_vs, test/vm runs that part in one that has. */
const chosen = process.env['FAIRWAY_LAB_MODES'] ?? 'iptables-nft,iptables-legacy,userspace';
const runners = RUNNERS.filter(({ label }) => chosen.split(',').includes(label));

const scenarios = loadScenarios(ROOT).filter(({ name }) => ONLY?.includes(name) ?? true);

describe('scenarios', { concurrency: true, skip: whyNoLab() }, () => {
  for (const runner of runners) {
    describe(runner.label, { concurrency: 1 }, () => {
      const stage = stageFor(runner);
      before(() => stage.open());
      after(() => stage.close());
      for (const [, sameFlags] of Map.groupBy(scenarios, ({ flags }) => flags.join(' '))) {
        for (const scenario of sameFlags) {
          const options = { skip: scenario.skipTraffic ?? scenario.notIn[runner.mode] ?? false };
          test(`${scenario.name}: ${scenario.describe}`, options, () => stage.play(scenario));
        }
      }
    });
  }
});

interface Stage {
  open(): Promise<void>;
  play(scenario: Scenario): Promise<void>;
  close(): Promise<void>;
}

/** A lab, and one agent that is kept for as long as its flags suit the next scenario. */
function stageFor({ label, mode, variant }: Runner): Stage {
  let lab: Lab | undefined;
  let agent: Fairway | undefined;
  let flags = '';

  async function start(wanted: readonly string[], objects: string): Promise<Fairway> {
    assert.ok(lab, 'the lab is open');
    await agent?.stop();
    flags = wanted.join(' ');
    agent = await startFairway(lab, {
      node: 'node1',
      variant,
      flags: [`--proxy-mode=${mode}`, ...wanted],
      objects,
    });
    return agent;
  }

  async function agentFor({ flags: wanted, steps }: Scenario): Promise<Fairway> {
    if (agent === undefined || flags !== wanted.join(' ')) {
      return start(wanted, steps[0]?.objects ?? '');
    }
    // What an earlier scenario left behind, affinity for instance, must not decide here.
    await agent.putObjects('');
    return agent;
  }

  return {
    open: async () => {
      lab = await openLab(uniquePrefix(label));
    },
    play: async (scenario) => {
      assert.ok(lab, 'the lab is open');
      const first = await agentFor(scenario);
      const problems = await play(scenario, {
        lab,
        mode,
        variant,
        agent: () => agent ?? first,
        restart: async (objects) => {
          await start(scenario.flags, objects);
        },
      });
      assert.deepEqual(problems, []);
    },
    close: async () => {
      await agent?.stop();
      lab?.close();
    },
  };
}
