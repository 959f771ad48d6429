/** On what the figures were taken. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus, release, totalmem } from 'node:os';

export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly gigabytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly iptables: string;
}

export function describeMachine(): Machine {
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    gigabytes: Math.round(totalmem() / 1e9),
    kernel: release(),
    node: process.version,
    iptables: /v([\d.]+)/.exec(execFileSync('iptables', ['-V'], { encoding: 'utf8' }))?.[1] ?? '',
  };
}

/** One line. */
export function printMachine(machine: Machine): string {
  const { cores, cpu, gigabytes, kernel, node, iptables } = machine;
  const hardware = `${String(cores)} cores (${cpu}), ${String(gigabytes)} GB`;
  return `${hardware}; Linux ${kernel}, Node ${node}, iptables ${iptables}`;
}
