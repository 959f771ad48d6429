/** What a lab leaves on the machine, by its prefix, and taking that down under all circumstances. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMESPACES = '/run/netns';
const OF_A_RUN = /^fw(\d+)-/;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A prefix that no other running process uses, such as `fw4711-nft`. */
export function uniquePrefix(label: string): string {
  return `fw${String(process.pid)}-${label}`;
}

/** `fw4711-nft-node1`. */
export function namespaceOf(prefix: string, member: string): string {
  return `${prefix}-${member}`;
}

/** A directory for the lab's files, made when it is not there. */
export function directoryOf(prefix: string): string {
  const path = join(tmpdir(), prefix);
  mkdirSync(path, { recursive: true });
  return path;
}

/** Whether a lab of this prefix is up. */
export function isUp(prefix: string): boolean {
  return namespacesOf(prefix).length > 0;
}

/**
 * Kill what still runs in the lab's namespaces, and remove them and the lab's files; nothing to
 * remove is fine. Synchronous, because an exit handler cannot wait.
 */
export function takeDown(prefix: string): void {
  for (const name of namespacesOf(prefix)) removeNamespace(name);
  rmSync(join(tmpdir(), prefix), { recursive: true, force: true });
}

/** Take down the labs of runs whose process has gone without doing so itself. */
export function takeDownLeftovers(): void {
  const names = [...listNamespaces(), ...readdirSync(tmpdir())];
  const pids = new Set(names.map((name) => OF_A_RUN.exec(name)?.[1]).filter(isGone));
  for (const name of names) {
    if (!pids.has(OF_A_RUN.exec(name)?.[1])) continue;
    if (existsSync(join(NAMESPACES, name))) removeNamespace(name);
    else removeFolder(join(tmpdir(), name));
  }
}

/** In the guest these are the host's, which changes them while we look. */
function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Whoever still uses it removes it.
  }
}

/** Take the lab down when this process ends, however it ends; returns how to cancel that. */
export function takeDownAtExit(prefix: string): () => void {
  function remove(): void {
    takeDown(prefix);
  }
  process.once('exit', remove);
  for (const signal of SIGNALS) process.on(signal, interrupted);
  return () => {
    process.off('exit', remove);
    for (const signal of SIGNALS) process.off(signal, interrupted);
  };
}

/** Through the exit handlers; 130 is what a shell reports for Ctrl-C. */
function interrupted(): void {
  process.exit(130);
}

function namespacesOf(prefix: string): readonly string[] {
  return listNamespaces().filter((name) => name.startsWith(`${prefix}-`));
}

function listNamespaces(): readonly string[] {
  return existsSync(NAMESPACES) ? readdirSync(NAMESPACES) : [];
}

function isGone(pid: string | undefined): boolean {
  return pid !== undefined && !existsSync(`/proc/${pid}`);
}

function removeNamespace(name: string): void {
  const { stdout } = spawnSync('ip', ['netns', 'pids', name], { encoding: 'utf8' });
  for (const pid of stdout.split('\n').filter(Boolean)) kill(Number(pid));
  spawnSync('ip', ['netns', 'del', name]);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended by itself in between.
  }
}
