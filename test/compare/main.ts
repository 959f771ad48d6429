/** `scripts/compare`: all modes on this machine, in network namespaces; options.ts has the arguments. */
import { mkdirSync } from 'node:fs';
import process from 'node:process';
import { compare } from '../../src/compare/measure/compare.ts';
import { guessedSteps, startProgress } from '../../src/compare/measure/progress.ts';
import { printChecks, printFailures, printSize } from '../../src/compare/report/terminal.ts';
import type { Comparison } from '../../src/compare/schema.ts';
import { writeReport } from '../../src/compare/writeReport.ts';
import { openLab } from '../lab/lab.ts';
import { uniquePrefix } from '../lab/namespaces.ts';
import { aboutThisMachine } from './about.ts';
import { compareInVm, printAsLines } from './inVm.ts';
import { openLabGround } from './labGround.ts';
import { HELP, parseOptions } from './options.ts';
import type { CompareOptions } from './options.ts';
import { availableSubjects } from './subjects.ts';

async function run(options: CompareOptions, argv: readonly string[]): Promise<void> {
  const comparisons: Comparison[] = [];
  function write(latest: Comparison): readonly string[] {
    // The guest sees this machine's files, but cannot write them.
    if (options.isInGuest) return [];
    return writeReport(options.out, [...comparisons, latest]);
  }
  if (!options.isInGuest) mkdirSync(options.out, { recursive: true });
  if (options.where !== 'guest') comparisons.push(await compareHere(options, argv, write));
  if (options.where !== 'here') comparisons.push(await compareInVm(argv));
  const last = comparisons.pop();
  if (last === undefined) return;
  const printed = options.isInGuest ? printAsLines(last) : write(last);
  process.stdout.write(`${printed.join('\n')}\n`);
}

async function compareHere(
  options: CompareOptions,
  argv: readonly string[],
  write: (comparison: Comparison) => void,
): Promise<Comparison> {
  const available = availableSubjects(options.modes);
  for (const { id, reason } of available.absent) process.stderr.write(`without ${id}: ${reason}\n`);
  const lab = await openLab(uniquePrefix('compare'));
  try {
    const about = aboutThisMachine(argv);
    const ground = await openLabGround(lab, { ...options, about, available });
    const { begin } = startProgress({
      steps: guessedSteps(ground, options.effort),
      now: () => performance.now(),
      print: (line) => process.stderr.write(`${line}\n`),
    });
    const done = await compare(ground, options.effort, {
      begin,
      soFar: (comparison) => {
        printSoFar(comparison);
        // Written each time: the rest may fail, or be too long to wait for.
        write(comparison);
      },
    });
    await ground.close();
    process.stdout.write(`\n${printChecks(done)}\n${printFailures(done)}\n`);
    return done;
  } finally {
    lab.close();
  }
}

/** Of the size that was measured last; what breaks is told at the end. */
function printSoFar(comparison: Comparison): void {
  const size = comparison.measurements.at(-1)?.size;
  if (size !== undefined && comparison.failures.length === 0)
    process.stdout.write(`\n${printSize(comparison, size)}\n`);
}

async function main(argv: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(argv);
    if (options === undefined) process.stdout.write(HELP);
    else await run(options, argv);
    return 0;
  } catch (error) {
    process.stderr.write(`compare: ${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exit(await main(process.argv.slice(2)));
