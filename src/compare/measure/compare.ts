/** The whole comparison: every subject in turn, round by round, size by size, then what breaks. */
import type { LoadKind } from '../load/spec.ts';
import type { AgentCpu, Comparison, Effort, Subject } from '../schema.ts';
import { changeOnce } from './change.ts';
import { runFault } from './faults.ts';
import type { Ground } from './ground.ts';
import { loadOf, PORT_OF } from './loads.ts';

/** What a comparison tells while it runs. */
export interface Observer {
  /** A step begins, which takes about so many seconds. */
  begin(name: string): void;
  /** A round is done: what there is so far. */
  soFar(comparison: Comparison): void;
}

/** A comparison that nobody has measured anything for. */
function emptyComparison(ground: Ground, effort: Effort): Comparison {
  const { about, subjects, absent, paths, faults } = ground;
  return {
    about,
    effort,
    // A ground knows more of them than the report tells.
    subjects: subjects.map(({ id, title, isBaseline }) => ({ id, title, isBaseline })),
    absent: [...absent],
    paths: paths.map(({ id, title }) => ({ id, title })),
    faults: faults.map(({ id, title }) => ({ id, title })),
    measurements: [],
    figures: [],
    checks: [],
    failures: [],
  };
}

/** Rejects when something could not be measured; what was measured until then was told. */
export async function compare(
  ground: Ground,
  effort: Effort,
  observer: Observer,
): Promise<Comparison> {
  const comparison = emptyComparison(ground, effort);
  await warmUp({ ground, comparison, observer });
  for (const size of effort.sizes) {
    observer.begin(`${size.toLocaleString('en')} other Services`);
    await ground.resize(size);
    for (let round = 0; round < effort.rounds; round += 1) {
      for (const subject of ground.subjects) {
        await measureSubject({ ground, comparison, observer, at: { subject, size, round } });
      }
      observer.soFar(comparison);
    }
  }
  if (ground.faults.length > 0) await breakThings({ ground, comparison, observer });
  return comparison;
}

interface Session {
  readonly ground: Ground;
  readonly comparison: Comparison;
  readonly observer: Observer;
}

/** Programs are slow at first: without this, whatever is measured first would pay for it. */
async function warmUp({ ground, comparison, observer }: Session): Promise<void> {
  observer.begin('to warm up');
  const subject = ground.subjects.find(({ isBaseline }) => isBaseline);
  if (subject === undefined) return;
  await ground.use(subject);
  for (const { id } of ground.paths) {
    for (const kind of comparison.effort.kinds as readonly LoadKind[]) {
      const targets = ground.targets(subject, id, { service: 'near', port: PORT_OF[kind] });
      if (targets.length === 0) continue;
      await ground.probe(id).run(loadOf(kind, targets, comparison.effort));
    }
  }
}

interface Place {
  readonly subject: Subject;
  readonly size: number;
  readonly round: number;
}

async function measureSubject(session: Session & { readonly at: Place }): Promise<void> {
  const { ground, comparison, observer, at } = session;
  const { subject, size, round } = at;
  const where = { subject: subject.id, size, round };
  const name = `${subject.title}, round ${round + 1} of ${comparison.effort.rounds}`;
  observer.begin(`${name}: start`);
  for (const [figure, value] of await ground.use(subject)) {
    comparison.figures.push({ ...where, name: figure, value });
  }
  for (const path of ground.paths) {
    observer.begin(`${name}: ${path.title}`);
    for (const kind of comparison.effort.kinds as readonly LoadKind[]) {
      await measureLoad(session, path.id, kind);
    }
    if (!subject.isBaseline) await check(session, path.id);
  }
  if (subject.isBaseline) return;
  observer.begin(`${name}: changes`);
  for (let change = 0; change < comparison.effort.changes; change += 1) {
    comparison.figures.push({ ...where, name: 'change', value: await changeOnce(ground, subject) });
  }
  for (const [figure, value] of await ground.state()) {
    comparison.figures.push({ ...where, name: figure, value });
  }
}

async function measureLoad(
  { ground, comparison, at }: Session & { readonly at: Place },
  path: string,
  kind: LoadKind,
): Promise<void> {
  const { subject, size, round } = at;
  const targets = ground.targets(subject, path, { service: 'near', port: PORT_OF[kind] });
  if (targets.length === 0) return;
  const before = await ground.agentCpu();
  const { result, cpu } = await ground.probe(path).run(loadOf(kind, targets, comparison.effort));
  const agentCpu = difference(await ground.agentCpu(), before);
  comparison.measurements.push({
    ...{ subject: subject.id, size, round, path },
    ...{ result, cpu, agentCpu },
  });
}

function difference(after: AgentCpu, before: AgentCpu): AgentCpu {
  return { agent: after.agent - before.agent, tools: after.tools - before.tools };
}

/** Enough to see a preference among four endpoints. */
const CHECKED_CONNECTIONS = 100;
const CHECK_RATE = 500;
const CHECK_TIMEOUT_MS = 5000;

async function check(
  { ground, comparison, at }: Session & { readonly at: Place },
  path: string,
): Promise<void> {
  const { subject, size, round } = at;
  for (const [service, name] of [
    ['spread', 'spread'],
    ['sticky', 'affinity'],
  ] as const) {
    const targets = ground.targets(subject, path, { service, port: 'tcp' });
    if (targets.length === 0) continue;
    const order = { kind: 'connect', targets: [...targets], timeoutMs: CHECK_TIMEOUT_MS } as const;
    const probe = ground.probe(path);
    // Whom a client belongs to is settled when its first connection stands.
    if (name === 'affinity') await probe.run({ ...order, rate: 20, seconds: 0.05 });
    const seconds = CHECKED_CONNECTIONS / CHECK_RATE;
    const measured = await probe.run({ ...order, rate: CHECK_RATE, seconds });
    comparison.checks.push({ subject: subject.id, size, round, path, check: name, ...measured });
  }
}

async function breakThings({ ground, comparison, observer }: Session): Promise<void> {
  const subjects = ground.subjects.filter(({ isBaseline }) => !isBaseline);
  await ground.resize(0);
  for (let round = 0; round < comparison.effort.failureRounds; round += 1) {
    for (const subject of subjects)
      await breakFor({ ground, comparison, observer }, subject, round);
    observer.soFar(comparison);
  }
}

async function breakFor(
  { ground, comparison, observer }: Session,
  subject: Subject,
  round: number,
): Promise<void> {
  observer.begin(`${subject.title}: start for what breaks`);
  await ground.use(subject);
  for (const fault of ground.faults) {
    observer.begin(`${subject.title}: ${fault.title}`);
    const runs = await runFault(ground, subject, fault, comparison.effort.slowness);
    comparison.failures.push(...runs.map((run) => ({ ...run, round })));
  }
}
