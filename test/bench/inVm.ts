/** The bench in the guest of test/vm, whose kernel has ip_vs. */
import process from 'node:process';
import { ROOT } from '../runFiles.ts';
import { prepareGuest } from '../vm/prepare.ts';
import { runGuest } from '../vm/qemu.ts';

const TIMEOUT_MS = 2 * 3_600_000;
const SLOWNESS = 10;

/** Runs with the same arguments but --vm, and prints what the guest prints; its exit code. */
export async function benchInVm(argv: readonly string[]): Promise<number> {
  const words = argv.filter((word) => word !== '--vm').map((word) => `'${word}'`);
  const environment = `FAIRWAY_LAB_SLOWNESS=${String(SLOWNESS)} NODE_COMPILE_CACHE='${ROOT}/.cache/node'`;
  const command = `'${process.execPath}' test/bench/main.ts ${words.join(' ')}`;
  const { exitCode, consoleTail } = await runGuest({
    bootable: prepareGuest(),
    command: `cd '${ROOT}' && ${environment} ${command}`,
    timeoutMs: TIMEOUT_MS,
    onLine: (line) => {
      console.log(line);
    },
  });
  if (exitCode === undefined) throw new Error(`the guest did not come to its end: ${consoleTail}`);
  return exitCode;
}
