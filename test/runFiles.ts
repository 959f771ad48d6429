/** Runs test files with Node's test runner. */
import { resolve } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import type { Reporter } from './reporter.ts';

export const ROOT = resolve(import.meta.dirname, '..');

export interface Pace {
  readonly atOnce: number;
  /** A file that takes longer has failed. */
  readonly longestMs: number;
}

/** Resolves when all of these files have run. */
export async function runFiles(
  files: readonly string[],
  { atOnce, longestMs }: Pace,
  reporter: Reporter,
): Promise<void> {
  // Given no files, the runner would look for some itself.
  if (files.length === 0) return;
  const settings = { concurrency: atOnce, timeout: longestMs };
  const events = run({ files: [...files], cwd: ROOT, ...settings });
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
