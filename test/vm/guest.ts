/**
 * `node test/vm/guest.ts FILE...`: runs test files inside the guest, one at a time. Beside what the
 * host shall print there is a line for each test that has ended, which tells how far a guest came.
 */
import process from 'node:process';
import { createReporter } from '../reporter.ts';
import { closingLine, ROOT, runFiles } from '../runFiles.ts';
import { printProgress } from './progress.ts';

const reporter = createReporter(console.log, ROOT);
await runFiles(process.argv.slice(2), 1, {
  ...reporter,
  passed: (event) => {
    console.log(printProgress(event.name, event.details.duration_ms));
    reporter.passed(event);
  },
  failed: (event) => {
    console.log(printProgress(event.name, event.details.duration_ms));
    reporter.failed(event);
  },
});
const totals = reporter.end();
console.log(closingLine(totals));
process.exitCode = totals.failed > 0 ? 1 : 0;
