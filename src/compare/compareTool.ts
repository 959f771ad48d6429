/** `fairway compare` as it is called from the command line. */
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { z } from 'zod';
import { MODES } from '../backends/backend.ts';
import { fromKubeconfig } from '../watch/kubeconfig.ts';
import { apiOf } from './cluster/api.ts';
import { compareCluster, restoreLeftovers } from './cluster/compareCluster.ts';
import type { ClusterChoices } from './cluster/compareCluster.ts';
import { LOAD_KINDS } from './measure/loads.ts';
import { differenceOf, printDifference } from './report/diff.ts';
import { reportSchema } from './schema.ts';
import type { Effort, Report } from './schema.ts';
import { writeReport } from './writeReport.ts';

/** `--diff OLD NEW`: prints what changed beyond chance; exit code 0 whatever it is. */
export async function diff(oldFile: string, newFile: string): Promise<number> {
  const [old, next] = [await readReport(oldFile), await readReport(newFile)];
  process.stdout.write(printDifference(differenceOf(old, next)));
  return 0;
}

async function readReport(file: string): Promise<Report> {
  const parsed = reportSchema.safeParse(parseJson(file, await readFile(file, 'utf8')));
  if (parsed.success) return parsed.data;
  throw new Error(`${file} is no report of this version:\n${z.prettifyError(parsed.error)}`);
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is no JSON: ${String(error)}`, { cause: error });
  }
}

/** As the operator wrote them. */
export interface CompareFlags {
  readonly kubeconfig?: string;
  readonly agentNamespace: string;
  readonly selector: string;
  readonly configMap?: string;
  readonly nodes?: string;
  readonly modes?: string;
  readonly image?: string;
  readonly services: string;
  readonly rounds: string;
  readonly seconds: string;
  readonly changes: string;
  readonly faultRounds: string;
  readonly out: string;
  readonly yes?: true;
  readonly restore?: true;
}

/** Time for the kubelet to hand a changed ConfigMap to its pods, and for agents to take it. */
const PATIENCE_MS = 180_000;
const PAUSE_MS = 1000;

/** On a real cluster; resolves with the exit code: 2 when the operator did not agree. */
export async function compareOnCluster(flags: CompareFlags, version: string): Promise<number> {
  if (flags.kubeconfig === undefined) {
    throw new Error(
      'expected --kubeconfig FILE or --diff OLD NEW; scripts/compare needs no cluster',
    );
  }
  const api = apiOf(await fromKubeconfig(flags.kubeconfig));
  function print(text: string): void {
    process.stdout.write(`${text}\n`);
  }
  if (flags.restore === true) {
    await restoreLeftovers(api, { print, pauseMs: PAUSE_MS });
    return 0;
  }
  mkdirSync(flags.out, { recursive: true });
  const isDone = await compareCluster(choicesOf(flags), {
    api,
    print,
    confirm: flags.yes === true ? () => Promise.resolve(true) : confirmed,
    signal: interruption(print),
    write: (comparison) => print(writeReport(flags.out, [comparison]).join('\n')),
    about: {
      date: new Date().toISOString(),
      command: ['fairway', ...process.argv.slice(2)].join(' '),
      versions: { fairway: version, node: process.version },
    },
    ...{ pauseMs: PAUSE_MS, patienceMs: PATIENCE_MS },
  });
  return isDone ? 0 : 2;
}

/** Fires at the first Ctrl-C; a second one ends the process at once, as is usual. */
function interruption(print: (text: string) => void): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      print('Interrupted; wait until everything is put back.');
      controller.abort();
    });
  }
  return controller.signal;
}

async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new Error('nobody is there to agree: say --yes');
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  return /^y(?:es)?$/i.test(answer.trim());
}

function choicesOf(flags: CompareFlags): ClusterChoices {
  const modes = flags.modes?.split(',') ?? MODES;
  const unknown = modes.filter((mode) => !MODES.some((each) => each === mode));
  if (unknown.length > 0) {
    throw new Error(`--modes: expected of ${MODES.join(', ')}, found ${unknown.join(', ')}`);
  }
  const { agentNamespace, selector, configMap, image } = flags;
  const nodes = flags.nodes?.split(',');
  return { agentNamespace, selector, configMap, image, nodes, modes, effort: effortOf(flags) };
}

const effortSchema = z.strictObject({
  rounds: z.coerce.number().int().min(1).max(100),
  seconds: z.coerce.number().min(0.05).max(60),
  sizes: z.array(z.coerce.number().int().min(0).max(20_000)).min(1),
  changes: z.coerce.number().int().min(0).max(100),
  failureRounds: z.coerce.number().int().min(0).max(100),
});

function effortOf({ services, rounds, seconds, changes, faultRounds }: CompareFlags): Effort {
  const sizes = services.split(',');
  const texts = { rounds, seconds, sizes, changes, failureRounds: faultRounds };
  const parsed = effortSchema.safeParse(texts);
  if (!parsed.success) throw new Error(z.prettifyError(parsed.error));
  return { ...parsed.data, kinds: [...LOAD_KINDS], slowness: 1 };
}
