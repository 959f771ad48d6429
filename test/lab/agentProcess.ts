/** The agent as a process in a network namespace, started as a user would. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { runProgram } from './program.ts';
import { SLOWNESS } from './slowness.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

/** As scripts/fairway has it. */
const CACHE = fileURLToPath(new URL('../../.cache/node', import.meta.url));

const TIMEOUT_MS = 20_000 * SLOWNESS;
const POLL_MS = 5 * SLOWNESS;

/** Which iptables programs. */
export type Variant = 'nft' | 'legacy';

export interface AgentProcess {
  /** Of the agent itself: `ip netns exec` becomes the program that it runs. */
  readonly pid: number;
  /** Throws, with what it logged, when the process has ended. */
  assertRunning(): void;
  /** Everything that it has printed. */
  logged(): string;
  /** Ask it to end and wait until it has. */
  stop(): Promise<void>;
}

/** Start an agent that prints into `logFile`; it is not waited for. */
export function startAgent(
  namespace: string,
  args: readonly string[],
  logFile: string,
): AgentProcess {
  const log = openSync(logFile, 'w');
  const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, MAIN, ...args], {
    stdio: ['ignore', log, log],
    // Out of reach of Ctrl-C in our terminal: whoever started it decides when it ends.
    detached: true,
    env: { NODE_COMPILE_CACHE: CACHE, ...process.env },
  });
  closeSync(log);
  child.unref();
  function logged(): string {
    return readFileSync(logFile, 'utf8');
  }
  function hasEnded(): boolean {
    return child.exitCode !== null || child.signalCode !== null;
  }
  return {
    pid: child.pid ?? 0,
    logged,
    assertRunning: () => {
      if (!hasEnded()) return;
      const how = String(child.exitCode ?? child.signalCode);
      throw new Error(`the agent in ${namespace} has ended (${how}):\n${logged()}`);
    },
    stop: async () => {
      if (hasEnded()) return;
      child.ref();
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

/** How many operations each sync took, in order, from a log in JSON. */
export function syncs(agent: AgentProcess): readonly number[] {
  const found = agent.logged().matchAll(/"msg":"synced".*"operations":(\d+)/g);
  return [...found].map(([, operations]) => Number(operations));
}

/** Resolves when `isReached` says so; throws, with the agent's log, when it never does. */
export async function waitUntil(
  agent: AgentProcess,
  goal: string,
  isReached: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + TIMEOUT_MS;
  while (!(await isReached())) {
    agent.assertRunning();
    if (performance.now() > deadline) {
      throw new Error(`after ${String(TIMEOUT_MS)} ms not yet ${goal}; log:\n${agent.logged()}`);
    }
    await wait(POLL_MS);
  }
}

/** The script that --dry-run prints for node1; needs no namespace and touches nothing. */
export function dryRun(
  manifests: string,
  variant: Variant,
  flags: readonly string[],
): Promise<string> {
  return runProgram(process.execPath, [
    MAIN,
    '--dry-run',
    `--manifests=${manifests}`,
    '--hostname-override=node1',
    `--iptables-variant=${variant}`,
    ...flags,
  ]);
}
