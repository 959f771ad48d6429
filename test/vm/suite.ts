/** The tests that need ip_vs, in a kernel that has it: this machine's, or Debian's under QEMU. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import process from 'node:process';
import type { Totals } from '../reporter.ts';
import { ROOT } from '../runFiles.ts';
import { prepareGuest } from './prepare.ts';
import type { Bootable } from './prepare.ts';
import { parseProgress } from './progress.ts';
import { QEMU, runGuest } from './qemu.ts';

// Only so that a guest that hangs is reported; on a quiet machine it takes a third of that.
const TIMEOUT_MS = 45 * 60_000;
const LONG_TIMEOUT_MS = 90 * 60_000;

/** How much slower things are in the guest; see test/lab/slowness.ts. */
const SLOWNESS = 8;

/**
 * Modes whose scenarios are played in the guest. All four of them, which FAIRWAY_LAB_MODES can ask
 * for, take half an hour under emulation; this machine's own kernel has the others anyway.
 */
const USUAL_MODES = 'ipvs';

/** Those that depend on the mode. */
const KERNEL_TESTS = ['agentProcess', 'scenarios'].map((name) => `test/kernel/${name}.test.ts`);

/**
 * From and to ipvs mode, and from kube-proxy's, under load, behind a load balancer, and pods in ipvs
 * mode: some three quarters of an hour under emulation.
 */
const LONG_TESTS = [
  ...['switching', 'kubeProxy', 'restart', 'paths'].map((name) => `test/kernel/${name}.test.ts`),
  'test/daemonset/kernel/pods.test.ts',
];

const isLong = process.env['FAIRWAY_VM_LONG'] !== undefined;

const NOTHING: Totals = { passed: 0, failed: 0, skipped: 0 };

/** Runs what needs ip_vs and prints what it says; where it cannot, that counts as one skip. */
export async function runVmSuite(print: (line: string) => void): Promise<Totals> {
  const totals = await runAll(print);
  if (isLong) return totals;
  print(
    '    skipped: switching from and to ipvs mode, its pods and paths (long: FAIRWAY_VM_LONG=1 scripts/test vm)',
  );
  return { ...totals, skipped: totals.skipped + 1 };
}

async function runAll(print: (line: string) => void): Promise<Totals> {
  const files = [
    ...globSync('test/vm/*.test.ts', { cwd: ROOT }).toSorted(),
    ...KERNEL_TESTS,
    ...(isLong ? LONG_TESTS : []),
  ];
  const timeoutMs = isLong ? LONG_TIMEOUT_MS : TIMEOUT_MS;
  if (hasIpvs()) return runHere(files, print);
  const bootable = tryPrepare();
  if (typeof bootable === 'string') {
    print(`    skipped: test/vm (${bootable})`);
    return { ...NOTHING, skipped: 1 };
  }
  let totals: Totals | undefined;
  let progress = 'none';
  const { exitCode, consoleTail } = await runGuest({
    bootable,
    command: guestCommand(files),
    timeoutMs,
    onLine: (line) => {
      totals = parseTotals(line) ?? totals;
      progress = parseProgress(line) ?? progress;
      print(`vm: ${line}`);
    },
  });
  if (exitCode !== undefined && totals !== undefined) return totals;
  print(`✖ test/vm: the guest ended early or took ${String(timeoutMs / 60_000)} minutes`);
  print(`    last test to end: ${progress}\n    the end of its console:\n${consoleTail}`);
  return { ...(totals ?? NOTHING), failed: (totals?.failed ?? 0) + 1 };
}

function hasIpvs(): boolean {
  if (existsSync('/sys/module/ip_vs')) return true;
  return spawnSync('modprobe', ['--dry-run', '--quiet', 'ip_vs']).status === 0;
}

function runHere(files: readonly string[], print: (line: string) => void): Totals {
  const { stdout } = spawnSync(process.execPath, ['test/vm/guest.ts', ...files], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...process.env, FAIRWAY_LAB_MODES: 'ipvs' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = stdout.trimEnd().split('\n');
  for (const line of lines) print(line);
  return parseTotals(lines.at(-1) ?? '') ?? { ...NOTHING, failed: 1 };
}

/** What is booted, or why nothing can be. */
function tryPrepare(): Bootable | string {
  if (process.arch !== 'x64') return `the guest is made for x86-64, this is ${process.arch}`;
  for (const program of [QEMU, 'ipvsadm']) {
    if (spawnSync(program, ['--version']).error !== undefined) return `${program} is not installed`;
  }
  try {
    return prepareGuest();
  } catch (error) {
    return `no kernel to boot: ${String(error)}`;
  }
}

function guestCommand(files: readonly string[]): string {
  const environment = [
    `FAIRWAY_LAB_MODES=${process.env['FAIRWAY_LAB_MODES'] ?? USUAL_MODES}`,
    `FAIRWAY_LAB_SLOWNESS=${String(SLOWNESS)}`,
    `NODE_COMPILE_CACHE='${ROOT}/.cache/node'`,
  ].join(' ');
  return `cd '${ROOT}' && ${environment} '${process.execPath}' test/vm/guest.ts ${files.join(' ')}`;
}

/** `3 passed, 0 failed, 1 skipped`. */
export function parseTotals(line: string): Totals | undefined {
  const [, passed, failed, skipped] =
    /^(\d+) passed, (\d+) failed, (\d+) skipped$/.exec(line) ?? [];
  if (passed === undefined) return undefined;
  return { passed: Number(passed), failed: Number(failed), skipped: Number(skipped) };
}
