/**
 * `scripts/bench`: the real agent against a fake API server, in network namespaces; options.ts has
 * the arguments. Prints a table for each size and variant. The JSON file is
 *   { date, machine: Machine, results: Measurement[] }
 * with Machine from machine.ts and Measurement, which has every single sample, from results.ts.
 */
import { writeFileSync } from 'node:fs';
import { takeDown, takeDownAtExit, takeDownLeftovers, uniquePrefix } from '../lab/namespaces.ts';
import { figuresOf } from './figures.ts';
import type { Figure } from './figures.ts';
import { describeMachine, printMachine } from './machine.ts';
import { measureChanges } from './measureChange.ts';
import { measureChurn } from './measureChurn.ts';
import { measureConnections } from './measureConnections.ts';
import { measureStart } from './measureStart.ts';
import type { Started, Subject } from './measureStart.ts';
import { HELP, parseOptions } from './options.ts';
import type { BenchOptions, Effort } from './options.ts';
import { benchInVm } from './inVm.ts';
import { startProgress, stepsFor } from './progress.ts';
import type { Progress } from './progress.ts';
import type { Measurement, StartSample } from './results.ts';
import { printTable } from './table.ts';

async function bench(options: BenchOptions): Promise<number> {
  if (options.inVm) return benchInVm(process.argv.slice(2));
  const subjects = options.services.flatMap((services) =>
    options.variants.map((variant) => ({ services, variant })),
  );
  const steps = subjects.flatMap(({ services }) => stepsFor(services, options.effort));
  const progress = startProgress(
    steps,
    () => performance.now(),
    (line) => {
      process.stderr.write(line);
    },
  );
  const machine = describeMachine();
  const date = new Date().toISOString();
  console.log(`${date.slice(0, 10)}, ${printMachine(machine)}`);
  takeDownLeftovers();
  const prefix = uniquePrefix('bench');
  takeDownAtExit(prefix);
  const results: Measurement[] = [];
  let missed = 0;
  for (const subject of subjects) {
    const result = await measure(prefix, subject, options.effort, progress);
    results.push(result);
    missed += report(result);
    // Written each time: a later size may fail, or be too long to wait for.
    if (options.json !== undefined) {
      writeFileSync(options.json, JSON.stringify({ date, machine, results }, null, 2) + '\n');
    }
  }
  takeDown(prefix);
  return options.check && missed > 0 ? 1 : 0;
}

async function measure(
  prefix: string,
  subject: Subject,
  effort: Effort,
  progress: Progress,
): Promise<Measurement> {
  function begin(step: string): void {
    progress.begin(
      `${subject.services.toLocaleString('en')} Services, ${subject.variant}: ${step}`,
    );
  }
  const start: StartSample[] = [];
  let started: Started | undefined;
  for (let round = 0; round < effort.starts; round += 1) {
    begin('start');
    started = await measureStart(prefix, subject);
    start.push(started.sample);
  }
  if (started === undefined) throw new Error('expected at least one start');
  begin('changes');
  const change = await measureChanges(started, effort.changes);
  begin('churn');
  const churn = await measureChurn(started, effort.churnSeconds);
  begin('connections');
  const connections = await measureConnections(started, effort);
  const { now: atEnd, peak } = started.agent.memory();
  const memory = { afterFirstSync: started.memoryAfterFirstSync, atEnd, peak };
  return { ...subject, start, change, churn, memory, connections };
}

/** Print the table of one size; returns how many targets were missed. */
function report(result: Measurement): number {
  const figures = figuresOf(result);
  const size = result.services.toLocaleString('en');
  const head = [
    `${size} Services, ${result.variant}`,
    'fairway',
    'raw or direct',
    '',
    'target',
    '',
  ];
  console.log(`\n${printTable(head, figures.map(row))}`);
  return figures.filter(({ target }) => target?.isMet === false).length;
}

function row({ what, fairway, beside, comparison, target }: Figure): readonly string[] {
  const verdict = target === undefined ? '' : target.isMet ? 'ok' : 'MISSED';
  return [what, fairway, beside, comparison, target?.text ?? '', verdict];
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(argv);
    if (options !== undefined) return await bench(options);
    process.stdout.write(HELP);
    return 0;
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
    return 2;
  }
}

process.exit(await main(process.argv.slice(2)));
