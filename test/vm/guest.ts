/** `node test/vm/guest.ts FILE...`: runs test files inside the guest, one at a time. */
import process from 'node:process';
import { createReporter } from '../reporter.ts';
import { closingLine, ROOT, runFiles } from '../runFiles.ts';

const reporter = createReporter(console.log, ROOT);
await runFiles(process.argv.slice(2), 1, reporter);
const totals = reporter.end();
console.log(closingLine(totals));
process.exitCode = totals.failed > 0 ? 1 : 0;
