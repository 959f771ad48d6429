/** `node test/run.ts [FILTER]`: all checks and tests, or only the test files that FILTER names. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { createReporter } from './reporter.ts';
import type { Reporter } from './reporter.ts';

const ROOT = resolve(import.meta.dirname, '..');
const TESTS = 'test/{unit,properties,agent,kernel}/**/*.test.ts';
const CHECK = resolve(ROOT, 'scripts/check');
// Only so that a test that hangs is reported; none comes near.
const LONGEST_FILE_MS = 15 * 60_000;

/** Resolves when all of these files have run. */
async function runFiles(
  files: readonly string[],
  concurrency: number,
  reporter: Reporter,
): Promise<void> {
  // Given no files, the runner would look for some itself.
  if (files.length === 0) return;
  const events = run({ files: [...files], concurrency, cwd: ROOT, timeout: LONGEST_FILE_MS });
  events.on('test:pass', reporter.passed);
  events.on('test:fail', reporter.failed);
  events.on('test:summary', reporter.finished);
  events.on('test:stdout', reporter.printed);
  events.on('test:stderr', reporter.printed);
  events.on('test:diagnostic', (event) => {
    // Those without a file are the counts, which the reporter does itself.
    if (event.file !== undefined) reporter.printed({ ...event, message: `${event.message}\n` });
  });
  await finished(events.resume());
}

/** How many of the checks failed. */
function runChecks(): number {
  return spawnSync(CHECK, { stdio: ['ignore', 'inherit', 'inherit'] }).status ?? 1;
}

async function main(filter: string | undefined): Promise<void> {
  const failedChecks = filter === undefined ? runChecks() : 0;
  const files = globSync(TESTS, { cwd: ROOT })
    .filter((file) => file.includes(filter ?? ''))
    .toSorted();
  const kernel = files.filter((file) => file.startsWith('test/kernel/'));
  const others = files.filter((file) => !kernel.includes(file));

  const reporter = createReporter(console.log, ROOT);
  await runFiles(others, 2, reporter);
  // One at a time: they share the machine's connection tracking and locks.
  await runFiles(kernel, 1, reporter);
  const { passed, failed, skipped } = reporter.end();
  if (passed + failed === 0) console.log(`no test ran in ${files.length} files`);
  const allFailed = failed + failedChecks;
  console.log(`${passed} passed, ${allFailed} failed, ${skipped} skipped`);
  process.exitCode = allFailed > 0 || passed === 0 ? 1 : 0;
}

await main(process.argv[2]);
