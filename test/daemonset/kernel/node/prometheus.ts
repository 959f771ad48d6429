/** A Prometheus on the node, which scrapes its agent as the PodMonitor would have it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { stringify } from 'yaml';
import { z } from 'zod';
import type { Lab } from '../../../lab/lab.ts';
import { SLOWNESS } from '../../../lab/slowness.ts';
import { ruleFile } from '../../manifests/monitoring.ts';

/** Not the usual port, at which nodes of the lab serve. */
const ADDRESS = '127.0.0.1:9099';

/** Where the agent serves its metrics, as daemonset/base/config.yaml says. */
export const METRICS = '127.0.0.1:10249';

/** Only so that it ends where there is no agent. */
const LONGEST_START_MS = 30_000 * SLOWNESS;

export interface Sample {
  readonly metric: Readonly<Record<string, string | undefined>>;
}

export interface Prometheus {
  /** The vectors that a query gives now; rejects with what Prometheus says of a bad one. */
  query(expr: string): Promise<readonly Sample[]>;
  /** Every alert with its state, or what is wrong with it. */
  alerts(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export function whyNoPrometheus(): string | false {
  const { error } = spawnSync('prometheus', ['--version']);
  return error === undefined ? false : 'prometheus is not installed';
}

/** Start it; resolves when it has scraped the agent so often that there are rates. */
export async function startPrometheus(lab: Lab, folder: string): Promise<Prometheus> {
  mkdirSync(folder);
  writeFileSync(join(folder, 'rules.yaml'), ruleFile({ withDescriptions: true }));
  writeFileSync(join(folder, 'config.yaml'), configuration());
  const namespace = lab.namespace('node1');
  const args = [
    `--config.file=${join(folder, 'config.yaml')}`,
    `--storage.tsdb.path=${join(folder, 'data')}`,
    `--web.listen-address=${ADDRESS}`,
    '--log.level=error',
  ];
  const child = spawn('ip', ['netns', 'exec', namespace, 'prometheus', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');

  async function ask(path: string): Promise<unknown> {
    const { body } = await lab.speaker('node1').fetch(`http://${ADDRESS}/api/v1/${path}`);
    const answer = answerSchema.parse(JSON.parse(body));
    if (answer.status !== 'success') throw new Error(answer.error ?? body);
    return answer.data;
  }

  async function query(expr: string): Promise<readonly Sample[]> {
    const found = await ask(`query?query=${encodeURIComponent(expr)}`);
    return resultSchema.parse(found).result;
  }

  async function alerts(): Promise<readonly string[]> {
    const { groups } = rulesSchema.parse(await ask('rules?type=alert'));
    return groups
      .flatMap(({ rules }) => rules)
      .map(({ name, state, lastError = '' }) => `${name} ${lastError === '' ? state : lastError}`);
  }

  const enough = 'count_over_time(fairway_ready[1m]) >= 3';
  const deadline = performance.now() + LONGEST_START_MS;
  while ((await query(enough).catch(() => [])).length === 0) {
    if (child.exitCode !== null) throw new Error('prometheus has ended, see above');
    if (performance.now() > deadline) {
      child.kill('SIGTERM');
      throw new Error(`prometheus did not scrape ${METRICS} three times`);
    }
    await wait(100);
  }
  return {
    query,
    alerts,
    async stop() {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function configuration(): string {
  return stringify({
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: ['rules.yaml'],
    scrape_configs: [
      {
        job_name: 'kube-system/fairway',
        static_configs: [{ targets: [METRICS], labels: { node: 'node1' } }],
      },
    ],
  });
}

const answerSchema = z.object({
  status: z.enum(['success', 'error']),
  error: z.string().optional(),
  data: z.unknown(),
});

const resultSchema = z.object({
  result: z.array(z.object({ metric: z.record(z.string(), z.string()) })),
});

const rulesSchema = z.object({
  groups: z.array(
    z.object({
      rules: z.array(
        z.object({ name: z.string(), state: z.string(), lastError: z.string().optional() }),
      ),
    }),
  ),
});
