/** What a load gave, in a few lines for a person. */
import { quantile } from '../report/statistics.ts';
import type { Measured, MachineCpu } from './result.ts';

/** Ends with a newline. */
export function describeMeasured({ result, cpu }: Measured): string {
  return [...resultLines(result), cpuLine(cpu)].map((line) => `${line}\n`).join('');
}

function resultLines(result: Measured['result']): readonly string[] {
  switch (result.kind) {
    case 'connect':
    case 'udpRoundTrip': {
      const good = result.tookUs.filter((_, index) => result.failures[index] === '');
      const shares = [0.5, 0.9, 0.99, 0.999].map(
        (share) => `p${String(share * 100)} ${quantile(good, share).toFixed(0)} us`,
      );
      const failed = result.failures.filter((failure) => failure !== '');
      const lines = [
        `${String(result.atMs.length)} attempts, ${String(failed.length)} failed`,
        good.length === 0 ? 'nothing was answered' : shares.join(', '),
      ];
      for (const [failure, list] of Map.groupBy(failed, (text) => text)) {
        lines.push(`failed: ${failure}, ${String(list.length)} times`);
      }
      return result.kind === 'connect' ? [...lines, ...serverLines(result)] : lines;
    }
    case 'bulk':
      return [`${((result.bytes * 8) / result.seconds / 1e9).toFixed(2)} Gbit/s`];
    case 'connections':
    case 'requests':
    case 'udpPackets':
      return [
        `${(result.count / result.seconds).toFixed(0)} a second, ${String(result.failed)} failed`,
      ];
  }
}

function serverLines({
  servers,
  seenAs,
}: {
  readonly servers: Readonly<Record<string, number>>;
  readonly seenAs: Readonly<Record<string, number>>;
}): readonly string[] {
  return [`answered by: ${list(servers)}`, `seen as: ${list(seenAs)}`];
}

function list(counts: Readonly<Record<string, number>>): string {
  const parts = Object.entries(counts).map(([name, count]) => `${name} ${String(count)}`);
  return parts.sort().join(', ') || 'nobody';
}

function cpuLine({ busy, softirq, capacity }: MachineCpu): string {
  const share = ((busy / capacity) * 100).toFixed(0);
  const soft = ((softirq / capacity) * 100).toFixed(0);
  return `the machine was ${share} % busy, ${soft} % with soft interrupts`;
}
