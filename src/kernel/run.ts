/** Runs one program; the only place that does. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import process from 'node:process';
import type { Readable } from 'node:stream';
import { diagnose } from './diagnose.ts';
import type { Failure } from './diagnose.ts';

export interface RunOptions {
  readonly stdin?: string | undefined;
  /** The program is ended when it takes longer. */
  readonly timeoutMs: number;
  /** Ends the program when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Gets standard output line by line as it comes; nothing of it is kept then. */
  readonly onLine?: ((line: string) => void) | undefined;
}

interface Ended {
  readonly exitCode: number | null;
  readonly killedBy: NodeJS.Signals | null;
  /** It could not be started, or was ended by the signal. */
  readonly error: NodeJS.ErrnoException | undefined;
}

/**
 * Run `program` to its end, in the C locale and with the sbin folders in PATH. Throws KernelError
 * for everything but exit code 0.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{ stdout: string }> {
  const { stdin, timeoutMs, signal, onLine } = options;
  const child = spawn(program, args, {
    env: { ...process.env, LC_ALL: 'C', PATH: searchPath(process.env['PATH']) },
    // None of the tools cleans up when it is asked to end; the kernel frees its locks.
    ...{ timeout: timeoutMs, killSignal: 'SIGKILL' },
    ...(signal === undefined ? {} : { signal }),
  });
  const ended = endOf(child);
  const stdout = onLine === undefined ? collect(child.stdout) : readLines(child.stdout, onLine);
  const stderr = collect(child.stderr);
  // A program that ends before it has read all of its input says why by its exit code.
  child.stdin.on('error', () => undefined).end(stdin ?? '');
  const end = await ended;
  if (end.exitCode !== 0 || end.error !== undefined || hasComplained(program, options, stderr())) {
    const endedBecause = reasonOfEnding(child, signal);
    throw diagnose({ program, stdin, stderr: stderr(), ...codesOf(end), endedBecause });
  }
  return { stdout: stdout() };
}

function reasonOfEnding(
  child: ChildProcess,
  signal: AbortSignal | undefined,
): 'aborted' | 'timed-out' | undefined {
  if (signal?.aborted === true) return 'aborted';
  return child.killed ? 'timed-out' : undefined;
}

function codesOf({
  exitCode,
  killedBy,
  error,
}: Ended): Pick<Failure, 'exitCode' | 'systemCode' | 'killedBy'> {
  return {
    // What could not be started has a negative one.
    exitCode: exitCode !== null && exitCode >= 0 ? exitCode : undefined,
    systemCode: error?.code,
    killedBy: killedBy ?? undefined,
  };
}

/** Settled once it has ended and its output is whole. */
function endOf(child: ChildProcess): Promise<Ended> {
  let error: NodeJS.ErrnoException | undefined;
  child.on('error', (found: NodeJS.ErrnoException) => {
    error = found;
  });
  return new Promise((resolve) => {
    child.on('close', (exitCode, killedBy) => {
      resolve({ exitCode, killedBy, error });
    });
  });
}

// A save of all tables of a large node is some 50 MB; a string of V8 ends at 512 MB.
const LARGEST_OUTPUT = 500_000_000;

/** A function that returns what has come so far. */
function collect(stream: Readable): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    // The program's next write fails, which ends it.
    if (text.length > LARGEST_OUTPUT) stream.destroy();
  });
  return () => text;
}

/** ipvsadm goes on behind a line that it refuses, says so, and ends with 0 all the same. */
function hasComplained(program: string, { stdin }: RunOptions, stderr: string): boolean {
  return program === 'ipvsadm' && stdin !== undefined && stderr !== '';
}

/** The tools live in sbin, which is not in every user's or container's PATH. */
function searchPath(path = ''): string {
  return [...path.split(':').filter((folder) => folder !== ''), '/usr/sbin', '/sbin'].join(':');
}

/** Calls `onLine` for each line; an unfinished last one is told by the function returned. */
function readLines(stream: Readable, onLine: (line: string) => void): () => '' {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach((line) => {
      onLine(line);
    });
  });
  return () => {
    if (rest !== '') onLine(rest);
    return '';
  };
}
