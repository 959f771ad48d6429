/** What this process can learn of the machine and set for itself, beside the kernel's tables. */
import { readFile, writeFile } from 'node:fs/promises';
import { cpus } from 'node:os';
import { KernelError } from './errors.ts';

export interface OwnProcess {
  /** Processors of the machine, not only those that this process may use. */
  readonly processors: number;
  /** -1000 to 1000; undefined where it cannot be read. */
  oomScoreAdj(): Promise<number | undefined>;
  /** Less than it is needs CAP_SYS_RESOURCE. Throws KernelError. */
  setOomScoreAdj(value: number): Promise<void>;
}

export function ownProcess(folder = '/proc/self'): OwnProcess {
  const path = `${folder}/oom_score_adj`;
  return {
    processors: cpus().length,
    async oomScoreAdj() {
      const text = await readFile(path, 'utf8').catch(() => '');
      return /^-?\d+\s*$/.test(text) ? Number(text) : undefined;
    },
    async setOomScoreAdj(value) {
      try {
        await writeFile(path, String(value), { flag: 'r+' });
      } catch (cause) {
        throw refusal(value, cause);
      }
    },
  };
}

function refusal(value: number, cause: unknown): KernelError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const details = { kind: 'not-permitted', program: 'oom_score_adj', exitCode: undefined } as const;
  return new KernelError(
    `could not set oom_score_adj to ${String(value)} (${code}): to be spared more than now needs CAP_SYS_RESOURCE`,
    { ...details, firstLine: code, inputLine: undefined },
    cause,
  );
}
