/** `node test/vm/main.ts COMMAND...`: runs a command in the guest, to look around there by hand. */
import process from 'node:process';
import { prepareGuest } from './prepare.ts';
import { runGuest } from './qemu.ts';

const { exitCode, consoleTail } = await runGuest({
  bootable: prepareGuest(),
  command: process.argv.slice(2).join(' '),
  timeoutMs: 60 * 60_000,
  onLine: console.log,
});
if (exitCode === undefined) console.error(`the guest did not come to its end:\n${consoleTail}`);
process.exitCode = exitCode ?? 1;
