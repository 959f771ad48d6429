/** Containers, run by crun. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentProcess } from '../../../lab/agentProcess.ts';

/** Why no container can be run here; false where it can. */
export function whyNoContainers(): string | false {
  if (process.getuid?.() !== 0) return 'containers need root';
  return spawnSync('crun', ['--version']).error === undefined ? false : 'crun is not installed';
}

export interface Ran {
  readonly exitCode: number | null;
  readonly log: string;
}

export interface RunningContainer extends AgentProcess {
  hasEnded(): boolean;
  /** Resolves when it has ended by itself. */
  ended(): Promise<Ran>;
}

/**
 * cgroups are not this test's matter, and not every machine lets them be made. crun looks at them all
 * the same, and refuses those of both versions at once: it gets to see none.
 */
const WITHOUT_CGROUPS =
  'mount -t tmpfs none /sys/fs/cgroup && exec crun --cgroup-manager=disabled "$@"';

function command(args: readonly string[]): readonly [string, readonly string[]] {
  return ['unshare', ['--mount', 'sh', '-c', WITHOUT_CGROUPS, 'crun', ...args]];
}

/** Start a container whose bundle and state are in `folder`, which must not be there yet. */
export function startContainer(folder: string, name: string, spec: object): RunningContainer {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'config.json'), JSON.stringify(spec));
  const logFile = join(folder, 'log');
  const log = openSync(logFile, 'w');
  const state = ['--root', join(folder, 'state')];
  const child = spawn(...command([...state, 'run', '--bundle', folder, name]), {
    // crun gives what it gets as standard input to the container's user; not this machine's /dev/null.
    stdio: ['pipe', log, log],
  });
  child.stdin?.end();
  closeSync(log);
  const closed = once(child, 'exit');
  const logged = (): string => readFileSync(logFile, 'utf8');
  const hasEnded = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid: child.pid ?? 0,
    logged,
    hasEnded,
    assertRunning() {
      if (!hasEnded()) return;
      throw new Error(`container ${name} has ended (${String(child.exitCode)}):\n${logged()}`);
    },
    async ended() {
      await closed;
      return { exitCode: child.exitCode, log: logged() };
    },
    async stop() {
      // As the kubelet does it: the container's own process gets the signal.
      if (!hasEnded()) spawnSync(...command([...state, 'kill', name, 'TERM']));
      await closed;
    },
  };
}
