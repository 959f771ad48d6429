/** A comparison with made-up samples: two modes and a baseline, two sizes, one fault. */
import type { Comparison, FailureRun, Measurement } from '../../../src/compare/schema.ts';

const CPU = { busy: 1, softirq: 0.2, capacity: 2 };
const ROUNDS = 3;
const SIZES = [0, 1000];

/** How much slower than straight to the pod, and by what share more with a thousand Services. */
export interface MadeUpMode {
  readonly id: string;
  readonly factor: number;
  readonly growth: number;
  /** How many connections fail when something breaks. */
  readonly failed: number;
}

const MODES: readonly MadeUpMode[] = [
  { id: 'direct', factor: 1, growth: 0, failed: 0 },
  { id: 'iptables-nft', factor: 1.1, growth: 0, failed: 40 },
  { id: 'userspace', factor: 2, growth: 0.5, failed: 0 },
];

export function madeUpComparison(modes: readonly MadeUpMode[] = MODES): Comparison {
  const cells = modes.flatMap((mode) =>
    SIZES.flatMap((size) => Array.from({ length: ROUNDS }, (_, round) => ({ mode, size, round }))),
  );
  return {
    about: {
      date: '2026-01-02T03:04:05.000Z',
      command: 'scripts/compare',
      where: 'namespaces',
      ...{ kernel: '6.1.0', cores: 2, cpu: 'A processor', gigabytes: 8 },
      versions: { fairway: '0.1.0', node: 'v26.0.0' },
      notes: ['Made up.'],
    },
    effort: {
      ...{ rounds: ROUNDS, seconds: 1, sizes: SIZES, changes: 1, failureRounds: 1, slowness: 1 },
      kinds: ['connect', 'connections', 'requests', 'bulk', 'udpRoundTrip', 'udpPackets'],
    },
    subjects: modes.map(({ id }) => ({ id, title: id, isBaseline: id === 'direct' })),
    absent: [{ id: 'ipvs', reason: 'this kernel has no ip_vs' }],
    paths: [
      { id: 'pod', title: 'ClusterIP, from a pod' },
      { id: 'outside', title: 'NodePort, from outside' },
    ],
    faults: [{ id: 'refusing', title: 'an endpoint refuses' }],
    measurements: cells.flatMap((cell) =>
      ['pod', 'outside'].flatMap((path) =>
        resultsOf(slowness(cell) * (1 + cell.round / 100)).map((result) => ({
          ...{ subject: cell.mode.id, size: cell.size, round: cell.round, path },
          ...{ result, cpu: CPU, agentCpu: { agent: cell.mode.factor - 1, tools: 0 } },
        })),
      ),
    ),
    figures: cells
      .filter(({ mode }) => mode.id !== 'direct')
      .flatMap((cell) => {
        const where = { subject: cell.mode.id, size: cell.size, round: cell.round };
        const value = slowness(cell) * 100 + cell.round;
        return (['start', 'change', 'memory', 'rules', 'objects'] as const).map((name) => ({
          ...{ ...where, name, value },
        }));
      }),
    checks: modes
      .filter(({ id }) => id !== 'direct')
      .flatMap(({ id }) =>
        (['spread', 'affinity'] as const).map((check) => ({
          ...{ subject: id, size: 0, round: 0, path: 'pod', check, cpu: CPU },
          result: connectResult(1, check === 'spread' ? { a: 50, b: 50 } : { a: 100 }),
        })),
      ),
    failures: modes.filter(({ id }) => id !== 'direct').map(failureOf),
  };
}

function slowness(cell: { readonly mode: MadeUpMode; readonly size: number }): number {
  return cell.mode.factor * (1 + (cell.mode.growth * cell.size) / 1000);
}

function attempts(count: number, us: number) {
  return {
    atMs: Array.from({ length: count }, (_, index) => index * 10),
    tookUs: Array.from({ length: count }, (_, index) => Math.round(us * (1 + index / count))),
    failures: Array.from({ length: count }, () => ''),
    latestMs: 0.5,
  };
}

function connectResult(factor: number, servers: Record<string, number>): Measurement['result'] {
  return {
    kind: 'connect',
    ...attempts(100, 200 * factor),
    ...{ handshakeUs: Array.from({ length: 100 }, () => 50), servers },
    ...{ seenAs: { '10.0.0.1': 100 }, ownAddresses: { '10.0.0.1': 100 } },
  };
}

function resultsOf(factor: number): readonly Measurement['result'][] {
  const speed = { failed: 0, seconds: 1 };
  return [
    connectResult(factor, { a: 100 }),
    { kind: 'connections', count: Math.round(5000 / factor), ...speed },
    { kind: 'requests', count: Math.round(30_000 / factor), ...speed },
    { kind: 'bulk', bytes: 2e9 / factor, ...speed },
    { kind: 'udpRoundTrip', ...attempts(100, 100 * factor) },
    { kind: 'udpPackets', count: Math.round(50_000 / factor), ...speed },
  ];
}

/** The first `failed` connections after the fault. */
function failureOf({ id, failed }: MadeUpMode): FailureRun {
  const result = connectResult(1, { a: 100 });
  const failures = Array.from({ length: 100 }, (_, index) =>
    index >= 20 && index < 20 + failed ? 'ECONNREFUSED' : '',
  );
  return {
    ...{ subject: id, round: 0, path: 'pod', fault: 'refusing' },
    ...{ struckAtMs: 200, noticedAtMs: 600, cpu: CPU },
    result: { ...result, failures } as FailureRun['result'],
  };
}
