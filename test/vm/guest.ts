/** `node test/vm/guest.ts FILE...`: runs test files inside the guest, one at a time. */
import process from 'node:process';
import type { EventData } from 'node:test';
import { inspect } from 'node:util';
import { createReporter } from '../reporter.ts';
import type { Reporter } from '../reporter.ts';
import { closingLine, ROOT, runFiles } from '../runFiles.ts';
import { printProgress } from './progress.ts';

/** Things take long in here: one line for each test as it ends. */
function talkative(reporter: Reporter): Reporter {
  return {
    ...reporter,
    passed(event) {
      sayEnded(event);
      reporter.passed(event);
    },
    failed(event) {
      sayFailed(event);
      reporter.failed(event);
    },
  };
}

function sayEnded({ name, details }: EventData.TestPass | EventData.TestFail): void {
  if (details.type !== 'suite') console.log(printProgress(name, details.duration_ms));
}

/** At once: should the guest not come to its end, nobody would learn why else. */
function sayFailed(event: EventData.TestFail): void {
  if (event.details.type === 'suite') return;
  sayEnded({ ...event, name: `✖ ${event.name}` });
  console.log(inspect(event.details.error.cause ?? event.details.error));
}

/** Only so that a test that hangs is reported; the longest takes a quarter of that. */
const LONGEST_FILE_MS = 40 * 60_000;

const reporter = createReporter(console.log, ROOT);
const files = process.argv.slice(2);
await runFiles(files, { atOnce: 1, longestMs: LONGEST_FILE_MS }, talkative(reporter));
const totals = reporter.end();
console.log(closingLine(totals));
process.exit(totals.failed > 0 ? 1 : 0);
