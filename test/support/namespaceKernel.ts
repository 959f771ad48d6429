/** The real kernel, through the real programs, inside a network namespace of the test's own. */
import { execFile, execFileSync } from 'node:child_process';
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Operation } from '../../src/plan/operation.ts';

export interface TestNamespace {
  readonly name: string;
  readonly kernel: Kernel;
  /** Run a program inside; its standard output. */
  run(program: string, args: readonly string[], stdin?: string): Promise<string>;
  remove(): void;
}

/** A new, empty namespace with loopback up; `label` tells those of one process apart. */
export function testNamespace(label: string): TestNamespace {
  const name = `fw${String(process.pid)}-${label}`;
  execFileSync('ip', ['netns', 'add', name]);
  execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  const run = (program: string, args: readonly string[], stdin = ''): Promise<string> =>
    runInside(name, [program, ...args], stdin);
  return {
    name,
    run,
    kernel: {
      apply: async (operation) => {
        await run(...commandOf(operation));
      },
      list: (program, args) => run(program, args),
      sysctl: async (sysctl) => (await run('sysctl', ['-n', sysctl])).trim(),
    },
    remove() {
      execFileSync('ip', ['netns', 'del', name]);
    },
  };
}

function commandOf(operation: Operation): [string, readonly string[], string?] {
  switch (operation.kind) {
    case 'run':
      return [operation.program, operation.args, operation.stdin ?? ''];
    case 'sysctl':
      return ['sysctl', ['-q', '-w', `${operation.name}=${operation.value}`]];
  }
}

function runInside(name: string, command: readonly string[], stdin: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { maxBuffer: 2 ** 28, timeout: 60_000 };
    const child = execFile('ip', ['netns', 'exec', name, ...command], options, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(error instanceof Error ? error : new Error('failed'));
    });
    // A program that fails may close its input before it has read it all.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(stdin);
  });
}
