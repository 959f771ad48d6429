/** Runs test files with Node's test runner. */
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import type { Reporter } from './reporter.ts';

export const ROOT = resolve(import.meta.dirname, '..');

// Only so that a test that hangs is reported; none comes near.
const LONGEST_FILE_MS = 15 * 60_000;

/** Resolves when all of these files have run. */
export async function runFiles(
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

/** The line that every run ends with. */
export function closingLine(totals: {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}): string {
  const { passed, failed, skipped } = totals;
  return `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`;
}
