/** `node test/run.ts [FILTER]`: all checks and tests, or only the test files that FILTER names. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { createReporter } from './reporter.ts';
import { closingLine, ROOT, runFiles } from './runFiles.ts';
import { runVmSuite } from './vm/suite.ts';

const TESTS = 'test/{unit,properties,agent,kernel,daemonset}/**/*.test.ts';
const CHECK = resolve(ROOT, 'scripts/check');
/** Only so that a test that hangs is reported; none comes near. */
const LONGEST_FILE_MS = 15 * 60_000;

const NONE = { passed: 0, failed: 0, skipped: 0 };

/** How many of the checks failed. */
async function runChecks(): Promise<number> {
  const checks = spawn(CHECK, { stdio: ['ignore', 'inherit', 'inherit'] });
  const [status] = (await once(checks, 'exit')) as [number | null];
  return status ?? 1;
}

async function main(filter: string | undefined): Promise<void> {
  // Emulation keeps one processor busy for minutes: it begins first, beside everything else.
  const vm =
    filter === undefined || filter === 'vm' ? runVmSuite((line) => console.log(line)) : NONE;
  const failedChecks = filter === undefined ? await runChecks() : 0;
  const files = globSync(TESTS, { cwd: ROOT })
    .filter((file) => file.includes(filter ?? ''))
    .toSorted();
  const kernel = files.filter((file) => /^test\/(?:daemonset\/)?kernel\//.test(file));
  const others = files.filter((file) => !kernel.includes(file));

  const reporter = createReporter(console.log, ROOT);
  await runFiles(others, { atOnce: 2, longestMs: LONGEST_FILE_MS }, reporter);
  // One at a time: they share the machine's connection tracking and locks.
  await runFiles(kernel, { atOnce: 1, longestMs: LONGEST_FILE_MS }, reporter);
  const here = files.length === 0 ? NONE : reporter.end();
  const inVm = await vm;
  const totals = {
    passed: here.passed + inVm.passed,
    failed: here.failed + inVm.failed + failedChecks,
    skipped: here.skipped + inVm.skipped,
  };
  if (totals.passed + totals.failed === 0) console.log(`no test ran in ${files.length} files`);
  console.log(closingLine(totals));
  process.exitCode = totals.failed > 0 || totals.passed === 0 ? 1 : 0;
}

await main(process.argv[2]);
