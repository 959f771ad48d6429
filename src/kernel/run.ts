/** Runs one program; the only place that does. */
import process from 'node:process';
import type { Readable } from 'node:stream';
import { diagnose } from './diagnose.ts';

export interface RunOptions {
  readonly stdin?: string | undefined;
  /** The program is ended when it takes longer. */
  readonly timeoutMs: number;
  /** Ends the program when it fires. */
  readonly signal?: AbortSignal | undefined;
  /** Gets standard output line by line as it comes; nothing of it is kept then. */
  readonly onLine?: ((line: string) => void) | undefined;
}

// A save of all tables of a large node is some 50 MB; a string of V8 ends at 512 MB.
const LARGEST_OUTPUT = 500_000_000;

/**
 * Run `program` to its end, in the C locale and with the sbin folders in PATH. Throws KernelError
 * for everything but exit code 0.
 */
export async function runProgram(
  program: string,
  args: readonly string[],
  options: RunOptions,
): Promise<{ stdout: string }> {
  // Loading execa takes 0.1 s, which what runs no program (--help, --dry-run) need not pay.
  const { execa } = await import('execa');
  const child = execa(program, args, {
    env: { LC_ALL: 'C', PATH: searchPath(process.env['PATH']) },
    input: options.stdin ?? '',
    timeout: options.timeoutMs,
    maxBuffer: LARGEST_OUTPUT,
    buffer: { stdout: options.onLine === undefined, stderr: true },
    stripFinalNewline: false,
    reject: false,
    ...(options.signal === undefined ? {} : { cancelSignal: options.signal }),
  });
  const flushLines = options.onLine && readLines(child.stdout, options.onLine);
  const result = await child;
  if (result.failed || hasComplained(program, options, result.stderr)) {
    throw diagnose({
      program,
      stdin: options.stdin,
      exitCode: result.exitCode,
      systemCode: result.code,
      killedBy: result.signal,
      stderr: result.stderr,
      endedBecause: result.timedOut ? 'timed-out' : result.isCanceled ? 'aborted' : undefined,
    });
  }
  flushLines?.();
  return { stdout: result.stdout ?? '' };
}

/** ipvsadm goes on behind a line that it refuses, says so, and ends with 0 all the same. */
function hasComplained(program: string, { stdin }: RunOptions, stderr: string): boolean {
  return program === 'ipvsadm' && stdin !== undefined && stderr !== '';
}

/** The tools live in sbin, which is not in every user's or container's PATH. */
function searchPath(path = ''): string {
  return [...path.split(':').filter((folder) => folder !== ''), '/usr/sbin', '/sbin'].join(':');
}

/** Calls `onLine` for each complete line; the function returned does so for an unfinished last. */
function readLines(stream: Readable, onLine: (line: string) => void): () => void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    lines.forEach((line) => {
      onLine(line);
    });
  });
  return () => {
    if (rest !== '') onLine(rest);
  };
}
