/** The Kernel of the node that this process runs on, in its network namespace. */
import type { Operation } from '../plan/operation.ts';
import type { Kernel } from './kernel.ts';
import { applyLines } from './applyLines.ts';
import { withLockWait } from './locks.ts';
import { runProgram } from './run.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';

export interface LinuxKernelOptions {
  /** Loading 150,000 rules takes the nft variant half a minute and more on a small machine. */
  readonly applyTimeoutMs?: number;
  readonly listTimeoutMs?: number;
  /** Where sysctls are, instead of /proc/sys. */
  readonly procSys?: string;
}

/** Runs the node's own programs; an iptables tool waits for the xtables lock by itself. */
export function linuxKernel(options: LinuxKernelOptions = {}): Kernel {
  const { applyTimeoutMs = 300_000, listTimeoutMs = 60_000, procSys } = options;

  async function apply(operation: Operation, signal?: AbortSignal): Promise<void> {
    if (operation.kind === 'sysctl') return writeSysctl(operation.name, operation.value, procSys);
    const { program, args, stdin } = operation;
    const limits = { timeoutMs: applyTimeoutMs, signal };
    const runWith = async (input: string | undefined): Promise<void> => {
      await runProgram(program, withLockWait(program, args), { stdin: input, ...limits });
    };
    if (operation.linesStandAlone === true && program === 'ipset') {
      await applyLines(stdin ?? '', runWith);
    } else {
      await runWith(stdin);
    }
  }

  async function list(
    program: string,
    args: readonly string[],
    signal?: AbortSignal,
  ): Promise<string> {
    const limits = { timeoutMs: listTimeoutMs, signal };
    return (await runProgram(program, withLockWait(program, args), limits)).stdout;
  }

  return { apply, list, sysctl: (name) => readSysctl(name, procSys) };
}
