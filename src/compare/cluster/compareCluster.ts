/**
 * `fairway compare --kubeconfig`: look, say what would be done, do it once that is confirmed, and
 * leave everything as it was, whatever happens on the way.
 */
import { randomBytes } from 'node:crypto';
import { compare } from '../measure/compare.ts';
import { guessedSteps, startProgress } from '../measure/progress.ts';
import { printChecks, printFailures, printSize } from '../report/terminal.ts';
import type { About, Comparison, Effort } from '../schema.ts';
import type { Api } from './api.ts';
import { clusterGround, followed, presentMode } from './clusterGround.ts';
import type { ClusterGroundOptions } from './clusterGround.ts';
import { deploy, removeNamespace } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { findDaemonSet, findLeftovers, findNodes } from './discover.ts';
import type { ClusterNode } from './discover.ts';
import { findModeConfig, restoreFrom } from './modeConfig.ts';
import type { ModeConfig } from './modeConfig.ts';
import { planText } from './planText.ts';

export interface ClusterChoices {
  /** Where the agents' DaemonSet is, and its label. */
  readonly agentNamespace: string;
  readonly selector: string;
  /** NAME/KEY of the ConfigMap that says the mode; looked for when absent. */
  readonly configMap: string | undefined;
  readonly nodes: readonly string[] | undefined;
  readonly modes: readonly string[];
  /** Of servers and probes; the agents' when absent. */
  readonly image: string | undefined;
  readonly effort: Effort;
}

/** What the outside hands in. */
export interface Surroundings {
  readonly api: Api;
  readonly print: (text: string) => void;
  /** Resolves with whether the operator agrees. */
  readonly confirm: (question: string) => Promise<boolean>;
  /** Fires when the operator wants an end. */
  readonly signal: AbortSignal;
  /** Called whenever there is more to write into a report. */
  readonly write: (comparison: Comparison) => void;
  readonly about: Pick<About, 'date' | 'command' | 'versions'>;
  /** Between two looks at what is waited for. */
  readonly pauseMs: number;
  /** How long agents may take to follow their configuration. */
  readonly patienceMs: number;
}

/** Resolves with false when the operator did not agree. Rejects when it failed, all put back. */
export async function compareCluster(
  choices: ClusterChoices,
  around: Surroundings,
): Promise<boolean> {
  const { api, print } = around;
  await refuseLeftovers(api);
  const daemonSet = await findDaemonSet(api, choices.agentNamespace, choices.selector);
  const found = await findNodes(api, choices.nodes);
  const [near, far] = found;
  if (near === undefined || far === undefined) {
    throw new Error(`expected two nodes at least, found ${String(found.length)}`);
  }
  const config = await findModeConfig(api, choices, daemonSet.configMaps);
  const image = choices.image ?? daemonSet.image;
  const namespace = `fairway-compare-${randomBytes(4).toString('hex')}`;
  print(planText({ ...choices, namespace, image, config, nodes: [near, far], daemonSet }));
  if (!(await around.confirm('Do that?'))) return false;
  const token = randomBytes(24).toString('hex');
  const session = {
    ...around,
    namespace,
    image,
    config,
    token,
    choices,
    nodes: [near, far] as const,
  };
  await undoing(session, (deployment) => measure(session, deployment));
  return true;
}

type Session = Surroundings & {
  readonly namespace: string;
  readonly image: string;
  readonly token: string;
  readonly config: ModeConfig;
  readonly choices: ClusterChoices;
  readonly nodes: readonly [ClusterNode, ClusterNode];
};

async function refuseLeftovers(api: Api): Promise<void> {
  const [leftover] = await findLeftovers(api);
  if (leftover === undefined) return;
  throw new Error(
    `namespace ${leftover.namespace} is of a comparison that still runs, or did not come to its ` +
      'end; fairway compare --restore puts back what it changed and removes it',
  );
}

/** Do the work, or begin it until the signal comes; then put everything back, in any case. */
async function undoing(
  session: Session,
  work: (deployment: Deployment) => Promise<void>,
): Promise<void> {
  const { api, namespace, image, token, config, nodes, print, signal, pauseMs } = session;
  const interrupted = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => {
      reject(new Error('interrupted'));
    });
  });
  async function begin(): Promise<void> {
    const names = nodes.map(({ name }) => name);
    const common = { namespace, image, token, signal, pauseMs, restoring: config.restoring };
    await work(await deploy(api, { ...common, nodes: names }));
  }
  const working = begin();
  // When it was interrupted, nobody waits for how it ends.
  working.catch(() => undefined);
  try {
    await Promise.race([working, interrupted]);
  } catch (error) {
    // Told at once: putting back may fail, too, and takes its time.
    print(error instanceof Error ? error.message : String(error));
    throw error;
  } finally {
    await putBack(session);
  }
}

async function putBack({ api, namespace, config, print, pauseMs }: Session): Promise<void> {
  print(`Putting back the mode, removing ${namespace} ...`);
  try {
    await config.restore();
    // Not the operator's to abort: half a clean-up would be worse than a long one.
    const never = new AbortController().signal;
    await removeNamespace(api, namespace, { pauseMs, signal: never });
  } catch (cause) {
    const message = `${String(cause)}; once that is mended, say fairway compare --restore`;
    throw new Error(message, { cause });
  }
  print('All is as it was.');
}

async function measure(session: Session, deployment: Deployment): Promise<void> {
  const { config, nodes, print, choices } = session;
  const hosts = nodes.map(({ name }) => deployment.probe(name, 'host'));
  const before = await presentMode(hosts, session);
  print(`The agents are in ${before} mode.`);
  const { possible, absent } = await tryModes(session, deployment);
  if (possible.length === 0) throw new Error('the agents took none of the modes');
  const about = aboutCluster(session);
  const options: ClusterGroundOptions = { ...session, about, modes: possible, deployment };
  const ground = { ...(await clusterGround(options)), absent };
  const { begin } = startProgress({
    steps: guessedSteps(ground, choices.effort),
    now: () => performance.now(),
    print,
  });
  const done = await compare(ground, choices.effort, {
    begin,
    soFar: (comparison) => {
      tellSoFar(comparison, print);
      session.write(comparison);
    },
  });
  print(`${printChecks(done)}\n${printFailures(done)}`);
  // Here, where somebody still watches, and not only in what follows any end.
  await config.restore();
  await followed(hosts, before, session);
}

function tellSoFar(comparison: Comparison, print: (text: string) => void): void {
  const size = comparison.measurements.at(-1)?.size;
  if (size !== undefined && comparison.failures.length === 0) print(printSize(comparison, size));
}

/** Each mode once, before an hour is spent: not every node can every mode. */
async function tryModes(
  session: Session,
  deployment: Deployment,
): Promise<{ possible: readonly string[]; absent: Comparison['absent'] }> {
  const { config, nodes, print, signal } = session;
  const hosts = nodes.map(({ name }) => deployment.probe(name, 'host'));
  const possible: string[] = [];
  const absent: Comparison['absent'] = [];
  for (const mode of session.choices.modes) {
    await config.set(mode);
    try {
      await followed(hosts, mode, session);
      possible.push(mode);
      print(`The agents can do ${mode} mode.`);
    } catch (error) {
      signal.throwIfAborted();
      const reason = error instanceof Error ? error.message : String(error);
      absent.push({ id: mode, reason });
      print(`Without ${mode}: ${reason}`);
    }
  }
  return { possible, absent };
}

const NOTES = [
  'Servers and clients are pods of the agents’ image. CPU in soft interrupts is of the client’s node, ' +
    'with all that ran there at the time; CPU of agents is of both nodes, with the programs that they ' +
    'ran.',
  'No node is cut off and no pod of anybody killed: what breaks on a cluster is an endpoint too many. ' +
    'scripts/compare cuts a node off, in network namespaces.',
  'Straight to the pods is measured with the rules of the mode before in place, which it does not meet.',
];

function aboutCluster({ about, nodes }: Session): About {
  const [near] = nodes;
  return {
    ...about,
    where: 'cluster',
    ...{ kernel: near.kernel, cores: near.cores || 0, cpu: 'which the API does not tell' },
    ...{ gigabytes: 0, notes: NOTES },
  };
}

/** `fairway compare --restore`: what a comparison that was killed left, is put back and removed. */
export async function restoreLeftovers(
  api: Api,
  { print, pauseMs }: Pick<Surroundings, 'print' | 'pauseMs'>,
): Promise<void> {
  const leftovers = await findLeftovers(api);
  for (const { namespace, restoring } of leftovers) {
    if (restoring !== undefined) await restoreFrom(api, restoring);
    await removeNamespace(api, namespace, { pauseMs, signal: new AbortController().signal });
    print(`${namespace} is gone, and the mode is what it was before.`);
  }
  if (leftovers.length === 0) print('There is nothing to put back.');
}
