/** A comparison in the guest of test/vm, whose kernel has ip_vs; its report comes back as text. */
import process from 'node:process';
import { gunzipSync, gzipSync } from 'node:zlib';
import { reportSchema } from '../../src/compare/schema.ts';
import type { Comparison } from '../../src/compare/schema.ts';
import { ROOT } from '../runFiles.ts';
import { prepareGuest } from '../vm/prepare.ts';
import { runGuest } from '../vm/qemu.ts';

const TIMEOUT_MS = 3 * 3_600_000;
const SLOWNESS = 10;
/** What the guest's console takes without trouble. */
const LINE_LENGTH = 500;
const MARK = 'report: ';

/** A report as lines of text that survive a serial console. */
export function printAsLines(comparison: Comparison): readonly string[] {
  const text = gzipSync(JSON.stringify(comparison)).toString('base64');
  const pieces = text.match(new RegExp(`.{1,${String(LINE_LENGTH)}}`, 'g')) ?? [];
  return pieces.map((piece) => MARK + piece);
}

/** From all that the guest printed; throws when there is no whole report among it. */
export function parseLines(lines: readonly string[]): Comparison {
  const pieces = lines.filter((line) => line.startsWith(MARK));
  if (pieces.length === 0) throw new Error('the guest printed no report');
  const text = pieces.map((line) => line.slice(MARK.length)).join('');
  const comparison: unknown = JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString());
  const report = reportSchema.parse({ format: 'fairway-compare-1', comparisons: [comparison] });
  const [only] = report.comparisons;
  if (only === undefined) throw new Error('the guest printed an empty report');
  return only;
}

/** Runs with the same arguments in the guest; prints what the guest prints. */
export async function compareInVm(argv: readonly string[]): Promise<Comparison> {
  const words = argv.filter((word) => word !== '--vm' && word !== '--with-vm');
  const quoted = [...words, '--in-guest'].map((word) => `'${word}'`).join(' ');
  const environment = `FAIRWAY_LAB_SLOWNESS=${String(SLOWNESS)} NODE_COMPILE_CACHE='${ROOT}/.cache/node'`;
  const lines: string[] = [];
  const { exitCode, consoleTail } = await runGuest({
    bootable: prepareGuest(),
    command: `cd '${ROOT}' && ${environment} '${process.execPath}' test/compare/main.ts ${quoted} 2>&1`,
    timeoutMs: TIMEOUT_MS,
    onLine: (line) => {
      lines.push(line);
      if (!line.startsWith(MARK)) console.log(`vm: ${line}`);
    },
  });
  if (exitCode !== 0) throw new Error(`the guest did not come to its end: ${consoleTail}`);
  return parseLines(lines);
}
