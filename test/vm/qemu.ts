/** One run of the guest: boot, a command, power off. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { CACHE } from './prepare.ts';
import type { Bootable } from './prepare.ts';

export const QEMU = 'qemu-system-x86_64';

export interface GuestRun {
  /** The command's exit code; undefined when the guest did not come to its end. */
  readonly exitCode: number | undefined;
  /** The end of what its kernel said. */
  readonly consoleTail: string;
}

export interface GuestOptions {
  readonly bootable: Bootable;
  /** For sh, in the guest. */
  readonly command: string;
  readonly timeoutMs: number;
  readonly onLine: (line: string) => void;
}

/**
 * Reading the usual clock, hpet, costs an exit from the emulation; making a namespace took 1 s with
 * it and takes 0.2 s without. Mitigations protect nothing here.
 */
const FASTER = 'tsc=reliable clocksource=tsc mitigations=off';

const CONSOLE = join(CACHE, 'console.log');
const ENDING_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
const ENDED = /^guest: ended with (\d+)$/;

/**
 * QEMU's arguments. Emulated: /dev/kvm of a machine that is virtual itself may be there and hang.
 */
export function qemuArgs({ kernel, initramfs }: Bootable): readonly string[] {
  const start = join(import.meta.dirname, 'guest/start');
  return [
    ...['-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', '2', '-m', '4096'],
    ...['-display', 'none', '-monitor', 'none', '-nic', 'none', '-no-reboot'],
    ...['-kernel', kernel, '-initrd', initramfs],
    ...[
      '-append',
      `console=ttyS0 loglevel=3 panic=-1 ${FASTER} "fairway_start=${start}" "fairway_cache=${CACHE}"`,
    ],
    ...['-serial', `file:${CONSOLE}`, '-serial', 'stdio'],
    '-virtfs',
    'local,path=/,mount_tag=hostroot,security_model=none,readonly=on,multidevs=remap',
  ];
}

/** Resolves when the guest has ended, by itself or because its time was over. */
export async function runGuest(options: GuestOptions): Promise<GuestRun> {
  writeFileSync(join(CACHE, 'command'), `${options.command}\n`);
  writeFileSync(CONSOLE, '');
  const qemu = spawn(QEMU, qemuArgs(options.bootable), { stdio: ['ignore', 'pipe', 'inherit'] });
  const release = endWithUs(qemu);
  const timer = setTimeout(() => qemu.kill('SIGKILL'), options.timeoutMs);
  let exitCode: number | undefined;
  const exited = once(qemu, 'exit');
  for await (const line of createInterface({ input: qemu.stdout })) {
    const text = line.replace(/\r$/, '');
    const code = ENDED.exec(text)?.[1];
    if (code === undefined) options.onLine(text);
    else exitCode = Number(code);
  }
  await exited;
  clearTimeout(timer);
  release();
  return { exitCode, consoleTail: readFileSync(CONSOLE, 'utf8').slice(-2000) };
}

/** A guest must not outlive the process that started it, also when its terminal is closed. */
function endWithUs(qemu: ChildProcess): () => void {
  function kill(): void {
    qemu.kill('SIGKILL');
  }
  function interrupted(_signal: NodeJS.Signals, number: number): void {
    process.exit(128 + number);
  }
  process.once('exit', kill);
  for (const signal of ENDING_SIGNALS) process.on(signal, interrupted);
  return () => {
    process.off('exit', kill);
    for (const signal of ENDING_SIGNALS) process.off(signal, interrupted);
  };
}
